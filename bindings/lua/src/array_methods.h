/* SPDX-License-Identifier: MIT */
/* The ways into an array, for its metatable and for views and matrices over it. */
#ifndef UFOMEM_LUA_ARRAY_METHODS_H
#define UFOMEM_LUA_ARRAY_METHODS_H

#include "array.h"

/** Makes the metatable of arrays. */
void open_arrays(lua_State *L);

/* One element of an open array, counted from 0; `array_at` is the array's place on the stack.  Both raise what goes wrong. */
void push_element_of(lua_State *L, array *array, int array_at, size_t index);
void set_element_of(lua_State *L, array *array, int array_at, size_t index, int value);

/** Methods that have files of their own. */
int array_read(lua_State *L);
int array_write(lua_State *L);
int array_bytes(lua_State *L);
int array_sum(lua_State *L);
int array_chunks(lua_State *L);
int array_view(lua_State *L);

#endif
