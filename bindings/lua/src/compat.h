/* SPDX-License-Identifier: MIT */
/* Lua 5.4 and 5.3, and LuaJIT 2.1, which has the interface of 5.1: what differs between them. */
#ifndef UFOMEM_LUA_COMPAT_H
#define UFOMEM_LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TYPE_CDATA = 10 }; /* lua_type() of LuaJIT for objects of its FFI; no other Lua gives it */

#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#ifndef luaL_newlib /* some copies of LuaJIT have it */
#define luaL_newlib(L, functions) (lua_newtable(L), luaL_setfuncs(L, (functions), 0))
#endif
#endif

/**
 * Pushes a userdata of `size` bytes, zeroed, that can hold on to `slots` Lua values.  They count as the userdata's own: a cycle
 * through them is garbage like any other, which one through the registry never would be.
 */
void *new_object(lua_State *L, size_t size, int slots);

/** Pops a value into a slot, 1 ... `slots`, of the userdata at `object`, an absolute index.  May raise an error. */
void set_slot(lua_State *L, int object, int slot);

/** Pushes the value of a slot.  Raises no error. */
void get_slot(lua_State *L, int object, int slot);

/**
 * The object at `index` if it is one of `size` bytes that begins with `kind`, else NULL.  For metamethods of elements, which run often:
 * luaL_checkudata() takes longer than all the rest of them.
 */
static inline void *to_object(lua_State *L, int index, size_t size, uint32_t kind)
{
    uint32_t *object = lua_touserdata(L, index);
    return object != NULL && lua_rawlen(L, index) == size && *object == kind ? object : NULL;
}

/** True if the number at `index` has no fraction and fits. */
static inline bool is_whole(lua_State *L, int index, lua_Integer *value)
{
#if LUA_VERSION_NUM >= 503
    int whole = 0;
    *value = lua_tointegerx(L, index, &whole);
    return whole != 0;
#else
    const lua_Number number = lua_tonumber(L, index);
    if (!(number >= -9223372036854775808.0 && number < 9223372036854775808.0))
        return false;
    *value = (lua_Integer)number;
    return (lua_Number)*value == number;
#endif
}

/** True if the value at `index` is a number without a fraction that fits; strings are no numbers here. */
static inline bool whole_number(lua_State *L, int index, lua_Integer *value)
{
    return lua_type(L, index) == LUA_TNUMBER && is_whole(L, index, value);
}

#endif
