/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "element.h"
#include "failure.h"

#include <stdio.h>
#include <string.h>

static size_t to_size(lua_State *L, int index, const char *what)
{
    lua_Integer whole = 0;
    if (!whole_number(L, index, &whole) || whole < 0)
        luaL_error(L, "%s must be a whole number, 0 or more", what);
    return (size_t)whole;
}

size_t check_size(lua_State *L, int argument)
{
    lua_Integer whole = 0;
    if (!whole_number(L, argument, &whole) || whole < 0)
        luaL_argerror(L, argument, "a whole number, 0 or more, expected");
    return (size_t)whole;
}

static bool is_known(const char *name, const char *const known[])
{
    for (; *known != NULL; known++)
        if (strcmp(name, *known) == 0)
            return true;
    return false;
}

void check_options(lua_State *L, int options, const char *const known[])
{
    if (lua_isnoneornil(L, options))
        return;
    luaL_checktype(L, options, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, options) != 0; lua_pop(L, 1)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : luaL_typename(L, -2);
        if (lua_type(L, -2) == LUA_TSTRING && is_known(name, known))
            continue;
        lua_pushfstring(L, "no option '%s'; there are", name);
        for (int i = 0; known[i] != NULL; i++) {
            lua_pushfstring(L, "%s %s", i != 0 ? "," : "", known[i]);
            lua_concat(L, 2);
        }
        luaL_argerror(L, options, lua_tostring(L, -1));
    }
}

int push_option(lua_State *L, int options, const char *name)
{
    lua_pushstring(L, name);
    if (lua_istable(L, options)) { /* raw: a value that a metamethod made would not stay alive in the table */
        lua_rawget(L, options);
    } else {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    return lua_type(L, -1);
}

size_t size_option(lua_State *L, int options, const char *name, size_t otherwise)
{
    char what[64];
    snprintf(what, sizeof(what), "option '%s'", name);
    const size_t size = push_option(L, options, name) == LUA_TNIL ? otherwise : to_size(L, -1, what);
    lua_pop(L, 1);
    return size;
}

bool flag_option(lua_State *L, int options, const char *name)
{
    const int type = push_option(L, options, name);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN)
        luaL_error(L, "option '%s' must be true or false", name);
    const bool flag = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return flag;
}

const char *string_option(lua_State *L, int options, const char *name)
{
    const int type = push_option(L, options, name);
    if (type != LUA_TNIL && type != LUA_TSTRING)
        luaL_error(L, "option '%s' must be a string", name);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1);
    return text;
}

int choice_option(lua_State *L, int options, const char *name, const char *const choices[], int otherwise)
{
    const char *text = string_option(L, options, name);
    if (text == NULL)
        return otherwise;
    for (int i = 0; choices[i] != NULL; i++)
        if (strcmp(text, choices[i]) == 0)
            return i;
    return luaL_error(L, "option '%s' cannot be '%s'", name, text);
}

void copy_last_error(char message[]) { snprintf(message, FAILURE_TEXT, "%s", ufo_last_error()); }

int push_method(lua_State *L)
{
    lua_settop(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

static void set_closure(lua_State *L, const char *name, lua_CFunction function, int metatable, int methods)
{
    if (function == NULL)
        return;
    lua_pushvalue(L, methods);
    lua_pushvalue(L, metatable);
    lua_pushcclosure(L, function, 2);
    lua_setfield(L, metatable, name);
}

void make_class(lua_State *L, const char *name, const luaL_Reg *metamethods, const luaL_Reg *methods,
                lua_CFunction index, lua_CFunction newindex)
{
    luaL_newmetatable(L, name);
    const int metatable = lua_gettop(L);
    luaL_setfuncs(L, metamethods, 0);
    lua_pushstring(L, name);
    lua_setfield(L, metatable, "__metatable");
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    set_closure(L, "__index", index, metatable, metatable + 1);
    set_closure(L, "__newindex", newindex, metatable, metatable + 1);
    lua_settop(L, metatable - 1);
}

void push_figures(lua_State *L, const figure *figures)
{
    lua_createtable(L, 0, 16);
    for (; figures->name != NULL; figures++) {
        PUSH_WHOLE(L, figures->value);
        lua_setfield(L, -2, figures->name);
    }
}
