/* SPDX-License-Identifier: MIT */
/* Arguments that are a table of options, and other small things that every part of the module needs. */
#ifndef UFOMEM_LUA_OPTIONS_H
#define UFOMEM_LUA_OPTIONS_H

#include "compat.h"

#include <stdint.h>

/** A number of bytes or elements; raises an error for what is none. */
size_t check_size(lua_State *L, int argument);

/** Raises an error unless there is nothing, or a table with no other keys than `known`, at stack index `options`. */
void check_options(lua_State *L, int options, const char *const known[]);

/* The option, or the default when it, or the whole table, is absent; raises an error for a value of the wrong kind. */
size_t size_option(lua_State *L, int options, const char *name, size_t otherwise);
bool flag_option(lua_State *L, int options, const char *name);
int choice_option(lua_State *L, int options, const char *name, const char *const choices[], int otherwise);
/** NULL when absent; valid as long as the table. */
const char *string_option(lua_State *L, int options, const char *name);
/** Pushes the option, or nil. */
int push_option(lua_State *L, int options, const char *name);

/** Copies ufo_last_error() of this thread, before another call of the library changes it. */
void copy_last_error(char message[]);

/** The look-up of a method, for `index` functions: the key is at stack index 2, the methods are upvalue 1. */
int push_method(lua_State *L);

/**
 * Makes the metatable of a kind of userdata, which Lua code cannot reach.  Its `index` and `newindex`, if not NULL, are closures: upvalue 1
 * is the table of methods, upvalue 2 the metatable itself.
 */
void make_class(lua_State *L, const char *name, const luaL_Reg *metamethods, const luaL_Reg *methods,
                lua_CFunction index, lua_CFunction newindex);

typedef struct figure {
    const char *name;
    uint64_t value;
} figure;

/** Pushes a table of figures; the last one has no name. */
void push_figures(lua_State *L, const figure *figures);

#endif
