# Runs during `cmake --install`, when the prefix is known for certain: writes the units for that prefix.
# Needs source_dir, binary_dir, unit_dir and bindir (relative to the prefix, or absolute).
set(UFOD_BINDIR ${bindir})
foreach(dir UFOD_BINDIR unit_dir)
  if(NOT IS_ABSOLUTE ${${dir}})
    string(PREPEND ${dir} ${CMAKE_INSTALL_PREFIX}/)
  endif()
endforeach()
foreach(unit ufod.service ufod.socket)
  configure_file(${source_dir}/${unit}.in ${binary_dir}/${unit} @ONLY)
  file(INSTALL ${binary_dir}/${unit} DESTINATION ${unit_dir})
endforeach()
