# Test programs, and the ways in which each of them is run.
#
#   ufomem_add_test(<folder> <name>
#       SOURCES <files...>            C or C++
#       [VARIANTS <names...>]         run once per name, exactly these; without it: default
#       [ALL_VARIANTS]                default and everything in UFOMEM_TEST_VARIANTS
#       [TIMEOUT <seconds>]           60 if not given; longer by itself under sanitizers and Valgrind
#       [LIBS <libraries...>]         besides the library and CMocka
#       [LABELS <labels...>]          besides <folder>; `long` keeps a test from sanitizers and Valgrind
#       [ENVIRONMENT <NAME=value...>] for every variant
#       [UNIT]                        link the objects of core (and see its headers) instead of the shared library
#       [SERIAL]                      never beside other tests
#       [NO_MEMCHECK])                Valgrind has nothing to say about it
#
# makes the program <folder>_<name> and registers `<folder>.<name>`, `<folder>.<name>@<variant>` ... with CTest.  A
# program exits with 77 to say that this kernel cannot run it.  It finds its variant in UFOMEM_TEST_VARIANT.
#
# Tests of internals (UNIT), and those of the interface that can do without userfaultfd (variant `protect`), also run
# under Valgrind as `@memcheck`, with the label memcheck.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
# (Valgrind up to 3.19 gives up on the debug information that Clang writes.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  find_program(UFOMEM_VALGRIND valgrind)
endif()
find_program(UFOMEM_SETARCH setarch)

# What an older kernel, or one that forbids userfaultfd, would do.
set(UFOMEM_TEST_VARIANTS move-off no-wp no-poison user-mode inline protect)
set(_ufomem_variant_default "")
set(_ufomem_variant_move-off UFOMEM_FEATURES_OFF=move)
set(_ufomem_variant_no-wp UFOMEM_FEATURES_OFF=move,write_protect)
set(_ufomem_variant_no-poison UFOMEM_FEATURES_OFF=poison)
set(_ufomem_variant_user-mode UFOMEM_FEATURES_OFF=userfaultfd_device,userfaultfd_syscall)
set(_ufomem_variant_inline UFOMEM_DELIVERY=inline)
set(_ufomem_variant_protect UFOMEM_DELIVERY=protect)
# Valgrind does not know userfaultfd.
set(_ufomem_variant_memcheck UFOMEM_DELIVERY=protect)

# How to start a program, how patient to be with it, and what the sanitizers are told.
set(_ufomem_launcher "")
set(_ufomem_patience 3)
set(_ufomem_tool_environment "")
if(UFOMEM_SANITIZE)
  set(_ufomem_patience 4)
  # Shadow memory wants its own fixed place, which address space randomisation may give to somebody else.
  if(UFOMEM_SETARCH)
    set(_ufomem_launcher ${UFOMEM_SETARCH} ${CMAKE_HOST_SYSTEM_PROCESSOR} -R)
  endif()
  # Faults are the library's business first: its handlers, and those of the tests, replace the sanitizers' own.  They run
  # callbacks, for which an alternate stack of the usual size is too small.  A thread that answers most faults needs a long memory, or
  # suppressions do not know where it was.
  set(_ufomem_tool_environment
    "ASAN_OPTIONS=allow_user_segv_handler=1:use_sigaltstack=0:detect_stack_use_after_return=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=halt_on_error=1:history_size=7:second_deadlock_stack=1:suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp")
endif()
# A signal handler that serves a fault needs the registers as they are at that very access (--px-default).
set(_ufomem_memcheck ${UFOMEM_VALGRIND} --quiet --error-exitcode=99 --leak-check=full
  --errors-for-leak-kinds=definite --px-default=allregs-at-mem-access
  --suppressions=${PROJECT_SOURCE_DIR}/tests/valgrind.supp)

# What all tests of internals include is compiled once: they compile in two thirds of the time.
function(_ufomem_share_headers program)
  if(NOT TARGET ufomem_test_headers)
    set(nothing ${PROJECT_BINARY_DIR}/tests/headers.cpp)
    file(CONFIGURE OUTPUT ${nothing} CONTENT "")
    add_library(ufomem_test_headers STATIC ${nothing})
    target_include_directories(ufomem_test_headers PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(ufomem_test_headers PRIVATE ufomem_core PkgConfig::CMOCKA Threads::Threads)
    ufomem_warnings(ufomem_test_headers)
    target_precompile_headers(ufomem_test_headers PRIVATE ${PROJECT_SOURCE_DIR}/tests/unit/unit.hpp <chrono> <functional> <map> <memory> <mutex> <string>)
  endif()
  target_precompile_headers(${program} REUSE_FROM ufomem_test_headers)
endfunction()

function(ufomem_add_test folder name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "UNIT;ALL_VARIANTS;SERIAL;NO_MEMCHECK" "TIMEOUT"
    "SOURCES;VARIANTS;LIBS;LABELS;ENVIRONMENT")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "ufomem_add_test(${folder} ${name}): needs SOURCES; unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()

  set(program ${folder}_${name})
  add_executable(${program} ${arg_SOURCES})
  set_target_properties(${program} PROPERTIES OUTPUT_NAME ${name} UNITY_BUILD OFF)
  target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${program} PRIVATE ${arg_LIBS} PkgConfig::CMOCKA Threads::Threads)
  ufomem_warnings(${program})
  if(arg_UNIT)
    target_link_libraries(${program} PRIVATE ufomem_core)
    _ufomem_share_headers(${program})
  else()
    target_link_libraries(${program} PRIVATE ufomem::ufomem)
  endif()

  set(variants default)
  if(arg_ALL_VARIANTS)
    list(APPEND variants ${UFOMEM_TEST_VARIANTS})
  elseif(arg_VARIANTS)
    set(variants ${arg_VARIANTS})
  endif()
  if(UFOMEM_VALGRIND AND NOT UFOMEM_SANITIZE AND NOT arg_NO_MEMCHECK AND NOT "long" IN_LIST arg_LABELS
     AND (arg_UNIT OR (folder STREQUAL "capi" AND "protect" IN_LIST variants)))
    list(APPEND variants memcheck)
  endif()

  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  foreach(variant IN LISTS variants)
    if(NOT DEFINED _ufomem_variant_${variant})
      message(FATAL_ERROR "ufomem_add_test(${folder} ${name}): no variant ${variant}")
    endif()
    set(test ${folder}.${name}@${variant})
    set(labels ${folder} ${arg_LABELS})
    set(launcher ${_ufomem_launcher})
    set(patience ${_ufomem_patience})
    if(variant STREQUAL "default")
      set(test ${folder}.${name})
    elseif(variant STREQUAL "memcheck")
      list(APPEND labels memcheck)
      set(launcher ${_ufomem_memcheck})
      set(patience 4)
    endif()
    math(EXPR timeout "${arg_TIMEOUT} * ${patience}")
    add_test(NAME ${test} COMMAND ${launcher} $<TARGET_FILE:${program}>)
    set_tests_properties(${test} PROPERTIES
      LABELS "${labels}"
      TIMEOUT ${timeout}
      SKIP_RETURN_CODE 77
      RUN_SERIAL ${arg_SERIAL}
      ENVIRONMENT
        "UFOMEM_TEST_VARIANT=${variant};${_ufomem_variant_${variant}};${arg_ENVIRONMENT};${_ufomem_tool_environment}")
  endforeach()
endfunction()
