/* SPDX-License-Identifier: MIT */
#include "compat.h"

#include <string.h>

void *new_object(lua_State *L, size_t size, int slots)
{
#if LUA_VERSION_NUM >= 504
    void *object = lua_newuserdatauv(L, size, slots);
#else
    void *object = lua_newuserdata(L, size);
    lua_createtable(L, slots, 0);
#if LUA_VERSION_NUM >= 502
    lua_setuservalue(L, -2);
#else
    lua_setfenv(L, -2);
#endif
#endif
    memset(object, 0, size);
    return object;
}

#if LUA_VERSION_NUM >= 504

void set_slot(lua_State *L, int object, int slot) { lua_setiuservalue(L, object, slot); }

void get_slot(lua_State *L, int object, int slot) { lua_getiuservalue(L, object, slot); }

#else

static void push_slots(lua_State *L, int object)
{
#if LUA_VERSION_NUM >= 502
    lua_getuservalue(L, object);
#else
    lua_getfenv(L, object);
#endif
}

void set_slot(lua_State *L, int object, int slot)
{
    push_slots(L, object);
    lua_insert(L, -2);
    lua_rawseti(L, -2, slot);
    lua_pop(L, 1);
}

void get_slot(lua_State *L, int object, int slot)
{
    push_slots(L, object);
    lua_rawgeti(L, -1, slot);
    lua_remove(L, -2);
}

#endif
