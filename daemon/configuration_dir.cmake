# Sets `configuration_dir` for the prefix: below it, but /etc for /usr.  While configuring, for what is compiled in, and again while installing,
# where the prefix may be another one.
set(configuration_dir ${CMAKE_INSTALL_SYSCONFDIR}/ufomem)
if(NOT IS_ABSOLUTE ${configuration_dir})
  if(CMAKE_INSTALL_PREFIX MATCHES "^/usr/?$")
    string(PREPEND configuration_dir /)
  else()
    string(PREPEND configuration_dir ${CMAKE_INSTALL_PREFIX}/)
  endif()
endif()
