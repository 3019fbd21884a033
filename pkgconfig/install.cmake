# Runs during `cmake --install`, when the prefix is known for certain: writes ufomem.pc for that prefix.
# Needs source_dir, binary_dir, libdir, includedir (relative to the prefix, or absolute), description and version.
set(prefix ${CMAKE_INSTALL_PREFIX})
set(pkgconfigdir ${libdir}/pkgconfig)
if(NOT IS_ABSOLUTE ${pkgconfigdir})
  string(PREPEND pkgconfigdir ${prefix}/)
endif()
foreach(dir libdir includedir)
  if(NOT IS_ABSOLUTE ${${dir}})
    string(PREPEND ${dir} "\${prefix}/")
  endif()
endforeach()
configure_file(${source_dir}/ufomem.pc.in ${binary_dir}/ufomem.pc @ONLY)
file(INSTALL ${binary_dir}/ufomem.pc DESTINATION ${pkgconfigdir})
