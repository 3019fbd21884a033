/* SPDX-License-Identifier: MIT */
#include "failure.h"

#include <stdio.h>

#define METATABLE "ufomem.error"

static const struct {
    ufo_status status;
    const char *name;
} names[] = {
    {UFO_ERR_INVALID, "INVALID"},
    {UFO_ERR_NOMEM, "NOMEM"},
    {UFO_ERR_OVERFLOW, "OVERFLOW"},
    {UFO_ERR_RANGE, "RANGE"},
    {UFO_ERR_SYSTEM, "SYSTEM"},
    {UFO_ERR_PERMISSION, "PERMISSION"},
    {UFO_ERR_FILE, "FILE"},
    {UFO_ERR_TRUNCATED, "TRUNCATED"},
    {UFO_ERR_POPULATE, "POPULATE"},
    {UFO_ERR_WRITEBACK, "WRITEBACK"},
    {UFO_ERR_SPILL, "SPILL"},
    {UFO_ERR_BUDGET, "BUDGET"},
    {UFO_ERR_PINNED, "PINNED"},
    {UFO_ERR_NOT_PINNED, "NOT_PINNED"},
    {UFO_ERR_READ_ONLY, "READ_ONLY"},
    {UFO_ERR_DEADLOCK, "DEADLOCK"},
    {UFO_ERR_FORKED, "FORKED"},
    {UFO_ERR_CLOSED, "CLOSED"},
    {UFO_ERR_UNSUPPORTED, "UNSUPPORTED"},
    {UFO_ERR_ADDRESS, "ADDRESS"},
    {UFO_ERR_STRAY, "STRAY"},
    {UFO_ERR_LIMIT, "LIMIT"},
    {UFO_ERR_LOST, "LOST"},
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

static const char *name_of(ufo_status status)
{
    for (int i = 0; i < NAMES; i++)
        if (names[i].status == status)
            return names[i].name;
    return "UNKNOWN"; /* of a library that is newer than this file */
}

/** tostring(error): the sentence after the place where the call was, as Lua's own errors have it. */
static int failure_tostring(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_getfield(L, 1, "where");
    lua_getfield(L, 1, "message");
    lua_concat(L, 2);
    return 1;
}

void open_failures(lua_State *L)
{
    luaL_newmetatable(L, METATABLE);
    lua_pushcfunction(L, failure_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pop(L, 1);

    lua_createtable(L, 0, NAMES);
    for (int i = 0; i < NAMES; i++) {
        lua_pushinteger(L, names[i].status);
        lua_setfield(L, -2, names[i].name);
    }
}

void push_failure(lua_State *L, ufo_status status, const char *message)
{
    luaL_checkstack(L, 4, NULL);
    lua_createtable(L, 0, 4);
    lua_pushstring(L, message);
    lua_setfield(L, -2, "message");
    lua_pushinteger(L, status);
    lua_setfield(L, -2, "status");
    lua_pushstring(L, name_of(status));
    lua_setfield(L, -2, "name");
    luaL_where(L, 1);
    lua_setfield(L, -2, "where");
    luaL_setmetatable(L, METATABLE);
}

int raise_failure(lua_State *L, ufo_status status, const char *message)
{
    push_failure(L, status, message);
    return lua_error(L);
}

int raise_last_error(lua_State *L)
{
    char message[FAILURE_TEXT];
    const ufo_status status = ufo_last_status();
    snprintf(message, sizeof(message), "%s", ufo_last_error());
    return raise_failure(L, status, message);
}
