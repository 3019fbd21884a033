# Runs during `cmake --install`, when the prefix is known for certain: the example configuration to its place, and the units for that prefix.
# Needs source_dir, binary_dir, sysconfdir, bindir, and unit_dir unless it is empty; relative to the prefix, or absolute.

# Where installation.cpp looks for it.
if(NOT IS_ABSOLUTE ${sysconfdir})
  if(CMAKE_INSTALL_PREFIX MATCHES "^/usr/?$")
    string(PREPEND sysconfdir /)
  else()
    string(PREPEND sysconfdir ${CMAKE_INSTALL_PREFIX}/)
  endif()
endif()
file(INSTALL ${source_dir}/ufod.conf DESTINATION ${sysconfdir}/ufomem)

if(unit_dir)
  set(UFOD_BINDIR ${bindir})
  foreach(dir UFOD_BINDIR unit_dir)
    if(NOT IS_ABSOLUTE ${${dir}})
      string(PREPEND ${dir} ${CMAKE_INSTALL_PREFIX}/)
    endif()
  endforeach()
  foreach(unit ufod.service ufod.socket)
    configure_file(${source_dir}/systemd/${unit}.in ${binary_dir}/${unit} @ONLY)
    file(INSTALL ${binary_dir}/${unit} DESTINATION ${unit_dir})
  endforeach()
endif()
