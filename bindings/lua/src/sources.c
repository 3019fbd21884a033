/* SPDX-License-Identifier: MIT */
#include "sources.h"

#include "call.h"
#include "maker.h"
#include "options.h"

#include <string.h>

/** Pushes a copy of a value, and keeps it in a slot of the array at the top of the stack. */
static void keep(lua_State *L, int value, enum array_slot slot)
{
    lua_pushvalue(L, value);
    set_slot(L, lua_gettop(L) - 1, slot);
}

/* ---- computed by Lua ---- */

int make_computed(lua_State *L)
{
    static const char *const known[] = {COMMON_OPTIONS, "writeback", NULL};
    const element_type type = check_element_type(L, 1);
    const size_t count = check_size(L, 2);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    const common_options common = check_common_options(L, 4, known);
    lua_settop(L, 4);
    const int writeback = push_option(L, 4, "writeback"); /* at index 5 */
    luaL_argcheck(L, writeback == LUA_TNIL || writeback == LUA_TFUNCTION, 4, "option 'writeback' must be a function");

    array *a = push_array(L, type);
    keep(L, 3, SLOT_POPULATE);
    keep(L, 5, SLOT_WRITEBACK);
    a->callbacks = new_callbacks(a);
    if (a->callbacks == NULL)
        return raise_failure(L, UFO_ERR_NOMEM, "no memory for an array");

    maker m = begin_config(a, count);
    own_callbacks(a->callbacks);
    note(&m, ufo_config_set_populate(m.config, populate_by_lua, a->callbacks, release_callbacks));
    note(&m, ufo_config_set_populate_policy(m.config, UFO_POPULATE_CALLER));
    if (writeback == LUA_TFUNCTION) {
        own_callbacks(a->callbacks);
        note(&m, ufo_config_set_writeback(m.config, writeback_by_lua, a->callbacks, release_callbacks));
        a->takes_changes = true;
    }
    return end_config(L, &m, &common);
}

/* ---- native sources ---- */

int open_file(lua_State *L)
{
    static const char *const known[] = {COMMON_OPTIONS, "offset", "count", "writeback", NULL};
    const element_type type = check_element_type(L, 1);
    const char *path = luaL_checkstring(L, 2);
    const common_options common = check_common_options(L, 3, known);
    const size_t offset = size_option(L, 3, "offset", 0);
    const bool writeback = flag_option(L, 3, "writeback");
    size_t count = size_option(L, 3, "count", 0);
    if (count == 0)
        count = elements_of_file(L, path, offset, type);

    array *a = push_array(L, type);
    maker m = begin_config(a, count);
    note(&m, ufo_config_set_file(m.config, path, offset, writeback ? UFO_FILE_WRITEBACK : 0));
    a->takes_changes = writeback;
    return end_config(L, &m, &common);
}

/** The number at stack index `argument`, or `otherwise`. */
static double real_argument(lua_State *L, int argument, double otherwise)
{
    if (lua_isnoneornil(L, argument))
        return otherwise;
    luaL_checktype(L, argument, LUA_TNUMBER);
    return (double)lua_tonumber(L, argument);
}

static int64_t whole_argument(lua_State *L, int argument, int64_t otherwise)
{
    lua_Integer whole = otherwise;
    if (!lua_isnoneornil(L, argument) && !whole_number(L, argument, &whole))
        luaL_argerror(L, argument, "a whole number expected, for an array of integers");
    return whole;
}

int make_sequence(lua_State *L)
{
    static const char *const known[] = {COMMON_OPTIONS, NULL};
    const element_type type = check_element_type(L, 1);
    const size_t count = check_size(L, 2);
    const bool real = type == ELEMENT_FLOAT || type == ELEMENT_DOUBLE;
    const double from = real ? real_argument(L, 3, 1) : 0;
    const double step = real ? real_argument(L, 4, 1) : 0;
    const int64_t whole_from = real ? 0 : whole_argument(L, 3, 1);
    const int64_t whole_step = real ? 0 : whole_argument(L, 4, 1);
    const common_options common = check_common_options(L, 5, known);
    maker m = begin_config(push_array(L, type), count);
    note(&m, real ? ufo_config_set_sequence_real(m.config, from, step)
                  : ufo_config_set_sequence_int(m.config, whole_from, whole_step));
    return end_config(L, &m, &common);
}

int make_zeros(lua_State *L)
{
    static const char *const known[] = {COMMON_OPTIONS, NULL};
    const element_type type = check_element_type(L, 1);
    const size_t count = check_size(L, 2);
    const common_options common = check_common_options(L, 3, known);
    maker m = begin_config(push_array(L, type), count);
    return end_config(L, &m, &common);
}

/** A function of the C interface: a light userdata, what package.loadlib() gives, or a function pointer of LuaJIT's FFI. */
static void (*check_native_function(lua_State *L, int argument))(void)
{
    union {
        void *object;
        void (*function)(void);
    } pointer = {.object = NULL};
    if (lua_islightuserdata(L, argument))
        pointer.object = lua_touserdata(L, argument);
    else if (lua_iscfunction(L, argument))
        pointer.function = (void (*)(void))lua_tocfunction(L, argument);
    else if (lua_type(L, argument) == TYPE_CDATA)
        memcpy(&pointer, lua_topointer(L, argument), sizeof(pointer));
    luaL_argcheck(L, pointer.object != NULL, argument,
                  "a C function expected: a light userdata, or what package.loadlib gives");
    return pointer.function;
}

int make_native(lua_State *L)
{
    static const char *const known[] = {COMMON_OPTIONS, "writeback", NULL};
    const element_type type = check_element_type(L, 1);
    const size_t count = check_size(L, 2);
    void (*const populate)(void) = check_native_function(L, 3);
    if (!lua_isnoneornil(L, 4) && !lua_isuserdata(L, 4))
        return luaL_argerror(L, 4, "a userdata expected, for the C function");
    void *const user_data = lua_touserdata(L, 4);
    const common_options common = check_common_options(L, 5, known);
    lua_settop(L, 5);
    void (*const writeback)(void) = push_option(L, 5, "writeback") != LUA_TNIL ? check_native_function(L, 6) : NULL;

    array *a = push_array(L, type);
    keep(L, 3, SLOT_POPULATE);
    keep(L, 6, SLOT_WRITEBACK);
    keep(L, 4, SLOT_USER_DATA);
    maker m = begin_config(a, count);
    note(&m, ufo_config_set_populate(m.config, (ufo_populate_fn)populate, user_data, NULL));
    if (writeback != NULL) {
        note(&m, ufo_config_set_writeback(m.config, (ufo_writeback_fn)writeback, user_data, NULL));
        a->takes_changes = true;
    }
    return end_config(L, &m, &common);
}
