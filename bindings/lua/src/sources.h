/* SPDX-License-Identifier: MIT */
/* The functions that make arrays, one for each source; see docs/bindings/lua.md. */
#ifndef UFOMEM_LUA_SOURCES_H
#define UFOMEM_LUA_SOURCES_H

#include "compat.h"

/** ufo.array(type, count, function(first, count) [, options]) */
int make_computed(lua_State *L);
/** ufo.open(type, path [, options]) */
int open_file(lua_State *L);
/** ufo.sequence(type, count, from, step [, options]) */
int make_sequence(lua_State *L);
/** ufo.zeros(type, count [, options]) */
int make_zeros(lua_State *L);
/** ufo.native(type, count, C function [, user_data [, options]]) */
int make_native(lua_State *L);

#endif
