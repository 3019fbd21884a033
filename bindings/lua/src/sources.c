/* SPDX-License-Identifier: MIT */
#include "sources.h"

#include "array.h"
#include "call.h"
#include "failure.h"
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define COMMON_OPTIONS "core", "budget", "chunk", "readahead", "read_only"

typedef struct common_options {
    shared_core *core;
    size_t budget, chunk, readahead;
    bool read_only, has_readahead;
} common_options;

/** The options that every source takes, and those of `known`. */
static common_options check_common_options(lua_State *L, int options, const char *const known[])
{
    common_options common = {0};
    check_options(L, options, known);
    if (push_option(L, options, "core") != LUA_TNIL)
        common.core = check_core(L, lua_gettop(L));
    lua_pop(L, 1);
    common.budget = size_option(L, options, "budget", 0);
    if (common.core != NULL && common.budget != 0)
        luaL_argerror(L, options, "either 'core' or 'budget': a core has its own");
    common.chunk = size_option(L, options, "chunk", 0);
    common.has_readahead = push_option(L, options, "readahead") != LUA_TNIL;
    lua_pop(L, 1);
    common.readahead = size_option(L, options, "readahead", 0);
    common.read_only = flag_option(L, options, "read_only");
    return common;
}

/*
 * How an array is made: everything that can raise a Lua error first (arguments, the userdata, its slots); then the config and the
 * region, where failures are only noted; then the end, which raises the first one.
 */
typedef struct maker {
    array *array;
    ufo_config *config;
    ufo_status status;
    char message[FAILURE_TEXT];
} maker;

static void note(maker *m, ufo_status status)
{
    if (m->status != UFO_OK || status == UFO_OK)
        return;
    m->status = status;
    copy_last_error(m->message);
}

/** Pushes a copy of a value, and keeps it in a slot of the array at the top of the stack. */
static void keep(lua_State *L, int value, enum array_slot slot)
{
    lua_pushvalue(L, value);
    set_slot(L, lua_gettop(L) - 1, slot);
}

static maker begin_config(array *a, size_t count)
{
    maker m = {.array = a, .config = ufo_config_new()};
    a->count = count;
    if (m.config == NULL)
        note(&m, UFO_ERR_NOMEM);
    else
        note(&m, ufo_config_set_elements(m.config, count, (size_t)1 << a->shift));
    return m;
}

static shared_core *core_with_budget(maker *m, size_t budget)
{
    ufo_core_config *config = ufo_core_config_new();
    ufo_core *handle = NULL;
    if (config != NULL && ufo_core_config_set_budget(config, budget) == UFO_OK)
        handle = ufo_core_new(config);
    if (handle == NULL)
        note(m, ufo_last_status());
    ufo_core_config_free(config);
    shared_core *core = handle != NULL ? share_core(handle, false) : NULL;
    if (handle != NULL && core == NULL)
        note(m, UFO_ERR_NOMEM);
    return core;
}

static void apply(maker *m, const common_options *common)
{
    if (common->chunk != 0)
        note(m, ufo_config_set_chunk(m->config, common->chunk));
    if (common->has_readahead)
        note(m, ufo_config_set_readahead(m->config, common->readahead));
    if (common->read_only)
        note(m, ufo_config_set_read_only(m->config, 1));
}

/** Makes the region, and leaves the array, which is on top of the stack; or raises what went wrong. */
static int end_config(lua_State *L, maker *m, const common_options *common)
{
    array *a = m->array;
    if (m->config != NULL)
        apply(m, common);
    if (common->core != NULL)
        a->core = use_core(common->core);
    else if (common->budget != 0 && m->status == UFO_OK)
        a->core = core_with_budget(m, common->budget);
    if (m->status == UFO_OK) {
        a->region = ufo_new(a->core != NULL ? a->core->handle : NULL, m->config);
        if (a->region == NULL)
            note(m, ufo_last_status());
    }
    if (a->region != NULL) {
        a->residency.struct_size = sizeof(a->residency);
        (void)ufo_residency_open(a->region, &a->residency); /* without it every element takes a call */
    }
    ufo_config_free(m->config);
    if (m->status == UFO_OK)
        return 1;
    release_core_if_unused(a);
    return raise_failure(L, m->status, m->message);
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

/** How many whole elements the file has from `offset` on; raises an error if there is a remainder, which nobody could mean. */
static size_t elements_of_file(lua_State *L, const char *path, size_t offset, element_type type)
{
    struct stat file;
    if (stat(path, &file) != 0) {
        const int reason = errno;
        lua_pushfstring(L, "cannot open %s: %s", path, strerror(reason));
        raise_failure(L, UFO_ERR_FILE, lua_tostring(L, -1));
    }
    const size_t size = (size_t)file.st_size > offset ? (size_t)file.st_size - offset : 0;
    if (size == 0 || size & (((size_t)1 << element_shift(type)) - 1)) {
        char reason[128];
        snprintf(
            reason, sizeof(reason),
            ": its %zu bytes from byte %zu on are no whole number of %s elements; say how many with option 'count'",
            size, offset, element_name(type));
        lua_pushfstring(L, "%s%s", path, reason);
        raise_failure(L, UFO_ERR_TRUNCATED, lua_tostring(L, -1));
    }
    return size >> element_shift(type);
}

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
