# What `cmake --install` puts where.  Components: Runtime is what a program needs to run, Development what it needs to be
# built.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ufomem)

install(TARGETS ufomem ufomem_static
  EXPORT ufomemTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Runtime NAMELINK_COMPONENT Development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES capi/include/ufomem/ufo.h capi/include/ufomem/service.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ufomem COMPONENT Development)

install(EXPORT ufomemTargets
  NAMESPACE ufomem::
  DESTINATION ${package_dir} COMPONENT Development)
configure_package_config_file(cmake/ufomemConfig.cmake.in ${PROJECT_BINARY_DIR}/ufomemConfig.cmake
  INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ufomemConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ufomemConfig.cmake ${PROJECT_BINARY_DIR}/ufomemConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT Development)

install(CODE "
  set(source_dir \"${PROJECT_SOURCE_DIR}/pkgconfig\")
  set(binary_dir \"${PROJECT_BINARY_DIR}\")
  set(libdir \"${CMAKE_INSTALL_LIBDIR}\")
  set(includedir \"${CMAKE_INSTALL_INCLUDEDIR}\")
  set(description \"${PROJECT_DESCRIPTION}\")
  set(version \"${PROJECT_VERSION}\")"
  COMPONENT Development)
install(SCRIPT pkgconfig/install.cmake COMPONENT Development)
