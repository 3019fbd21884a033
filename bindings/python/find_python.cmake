# Looks for a Python that can build and run the binding: 3.9 or later, with its own headers, NumPy and NumPy's headers.  The first `python3` in the
# PATH need not be one, so the usual names and places are tried in turn; UFOMEM_PYTHON names one outright.
#
# Sets UFOMEM_PYTHON (cached), ufomem_python_includes and ufomem_python_suffix (of extension modules); or ufomem_python_missing, a sentence.

set(UFOMEM_PYTHON "" CACHE FILEPATH "Python interpreter for the Python binding; empty: the first that has NumPy and headers")

set(_candidates ${UFOMEM_PYTHON})
if(NOT UFOMEM_PYTHON)
  foreach(name python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9)
    foreach(directories "" "NO_DEFAULT_PATH;PATHS;/usr/bin" "NO_DEFAULT_PATH;PATHS;/usr/local/bin")
      unset(_found)
      find_program(_found ${name} ${directories} NO_CACHE)
      if(_found)
        list(APPEND _candidates ${_found})
      endif()
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES _candidates)
endif()

set(_question [[
import os, sys, sysconfig
if sys.version_info < (3, 9): sys.exit("is older than 3.9")
header = sysconfig.get_path("include")
if not os.path.exists(os.path.join(header, "Python.h")): sys.exit("has no headers (Debian: python3-dev)")
try: import numpy
except ImportError: sys.exit("has no NumPy (Debian: python3-numpy)")
if not os.path.isdir(numpy.get_include()): sys.exit("has NumPy without its headers")
print(header, numpy.get_include(), sysconfig.get_config_var("EXT_SUFFIX"), sep=";", end="")
]])
set(ufomem_python_missing "")
foreach(_candidate IN LISTS _candidates)
  execute_process(COMMAND ${_candidate} -c "${_question}" OUTPUT_VARIABLE _answer ERROR_VARIABLE _complaint RESULT_VARIABLE _result
    ERROR_STRIP_TRAILING_WHITESPACE)
  if(_result EQUAL 0)
    list(GET _answer 0 1 ufomem_python_includes)
    list(GET _answer 2 ufomem_python_suffix)
    set(UFOMEM_PYTHON ${_candidate} CACHE FILEPATH "" FORCE)
    set(ufomem_python_missing "")
    return()
  endif()
  string(APPEND ufomem_python_missing ", ${_candidate} ${_complaint}")
endforeach()
string(REGEX REPLACE "^, " "" ufomem_python_missing "${ufomem_python_missing}")
set(ufomem_python_missing "a Python 3.9 or later with headers and NumPy (${ufomem_python_missing}; -DUFOMEM_PYTHON=... names another one)")
