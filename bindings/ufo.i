// SPDX-License-Identifier: MIT
// The flat C interface, for every language.  What a language has to know of its own stands in its folder: <language>/<language>.i.
%module ufo

%{
#include <ufomem/service.h>
#include <ufomem/ufo.h>
%}

%include <stdint.i>

#define UFO_API

#if defined(SWIGGO)
%include "go/go.i"
#elif defined(SWIGJAVA)
%include "java/java.i"
#elif defined(SWIGLUA)
%include "lua/lua.i"
#elif defined(SWIGPYTHON)
%include "python/python.i"
#endif

%include <ufomem/ufo.h>
%include <ufomem/service.h>
