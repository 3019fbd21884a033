/* SPDX-License-Identifier: MIT */
/* What an array answers to: its elements by index, and its methods. */
#include "array_methods.h"

#include "call.h"
#include "failure.h"
#include "options.h"
#include "resident.h"

#include <stdio.h>

/** The open array at index 1 of a metamethod. */
static array *this_array(lua_State *L)
{
    array *a = to_object(L, 1, sizeof(*a), ARRAY_KIND);
    if (a == NULL)
        luaL_error(L, "an array expected");
    if (a->region == NULL)
        raise_closed(L);
    return a;
}

static int raise_no_element(lua_State *L, const array *a)
{
    char message[128];
    snprintf(message, sizeof(message), "no element %.14g; the array's are 1 to %zu", (double)lua_tonumber(L, 2),
             a->count);
    return raise_failure(L, UFO_ERR_RANGE, message);
}

/** The element that the number at index 2 stands for, counted from 0. */
static inline size_t check_index(lua_State *L, const array *a)
{
    lua_Integer index = 0;
    if (!is_whole(L, 2, &index) || (size_t)index - 1 >= a->count)
        raise_no_element(L, a);
    return (size_t)index - 1;
}

/* The ways that take a call, apart from those that do not: they need room on the C stack, too. */

static __attribute__((noinline)) void load_element(lua_State *L, array *a, int array_at, size_t index, void *element)
{
    library_call call;
    begin_call(L, &call, a, array_at);
    end_call(&call, ufo_read(a->region, index, 1, element));
}

static __attribute__((noinline)) void save_element(lua_State *L, array *a, int array_at, size_t index,
                                                   const void *element)
{
    library_call call;
    begin_call(L, &call, a, array_at);
    end_call(&call, ufo_write(a->region, index, 1, element));
}

void push_element_of(lua_State *L, array *a, int array_at, size_t index)
{
    unsigned char element[ELEMENT_LARGEST];
    if (!load_resident(&a->residency, index, a->shift, element))
        load_element(L, a, array_at, index, element);
    push_element(L, a->type, element);
}

void set_element_of(lua_State *L, array *a, int array_at, size_t index, int value)
{
    unsigned char element[ELEMENT_LARGEST];
    if (!store_element(L, value, a->type, element))
        luaL_error(L, "the value cannot be stored: %s takes %s", element_name(a->type), element_domain(a->type));
    if (!store_resident(&a->residency, index, a->shift, element))
        save_element(L, a, array_at, index, element);
}

/** a[i], and the methods. */
static int array_index(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TNUMBER)
        return push_method(L);
    array *a = this_array(L);
    push_element_of(L, a, 1, check_index(L, a));
    return 1;
}

/** a[i] = v */
static int array_newindex(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TNUMBER)
        return luaL_error(L, "an array has elements only; a %s cannot be set", luaL_typename(L, 2));
    array *a = this_array(L);
    set_element_of(L, a, 1, check_index(L, a), 3);
    return 0;
}

static int array_length(lua_State *L)
{
    PUSH_WHOLE(L, check_array(L, 1)->count);
    return 1;
}

/* ---- calls on ranges ---- */

static int on_range(lua_State *L, ufo_status (*function)(ufo *, size_t, size_t))
{
    array *a = check_open_array(L, 1);
    const element_range range = check_range(L, a, 2);
    library_call call;
    begin_call(L, &call, a, 1);
    end_call(&call, function(a->region, range.first, range.count));
    return 0;
}

static int array_touch(lua_State *L) { return on_range(L, ufo_touch); }

static int array_flush(lua_State *L) { return on_range(L, ufo_flush); }

static int array_evict(lua_State *L) { return on_range(L, ufo_evict); }

static int array_reset(lua_State *L) { return on_range(L, ufo_reset); }

/** a:advise("random") and the like; in the order of UFO_ADVICE_. */
static int array_advise(lua_State *L)
{
    static const char *const advices[] = {"normal", "random", "sequential", "willneed", "dontneed", NULL};
    array *a = check_open_array(L, 1);
    const int advice = luaL_checkoption(L, 2, NULL, advices);
    const element_range range = check_range(L, a, 3);
    library_call call;
    begin_call(L, &call, a, 1);
    end_call(&call, ufo_advise(a->region, range.first, range.count, advice));
    return 0;
}

/* ---- what is known of it ---- */

static int array_type(lua_State *L)
{
    lua_pushstring(L, element_name(check_array(L, 1)->type));
    return 1;
}

static int array_chunk(lua_State *L)
{
    PUSH_WHOLE(L, ufo_chunk(check_open_array(L, 1)->region));
    return 1;
}

static int array_closed(lua_State *L)
{
    lua_pushboolean(L, check_array(L, 1)->region == NULL);
    return 1;
}

static int array_stats(lua_State *L)
{
    ufo_stats stats = {.struct_size = sizeof(stats)};
    const ufo_status status = ufo_stats_get(check_open_array(L, 1)->region, &stats);
    if (status != UFO_OK)
        return raise_last_error(L);
    const figure figures[] = {
        {"resident_bytes", stats.resident_bytes},
        {"pins", stats.pins},
        {"faults", stats.faults},
        {"populates", stats.populates},
        {"populated_bytes", stats.populated_bytes},
        {"evictions", stats.evictions},
        {"rescues", stats.rescues},
        {"written_back_bytes", stats.written_back_bytes},
        {"spill_written_bytes", stats.spill_written_bytes},
        {"spill_read_bytes", stats.spill_read_bytes},
        {"failures", stats.failures},
        {NULL, 0},
    };
    push_figures(L, figures);
    return 1;
}

static int array_tostring(lua_State *L)
{
    const array *a = check_array(L, 1);
    char text[64];
    snprintf(text, sizeof(text), "ufomem array of %zu %s%s", a->count, element_name(a->type),
             a->region == NULL ? " (closed)" : "");
    lua_pushstring(L, text);
    return 1;
}

/* ---- the end ---- */

/** Frees the region of the array at stack index 1.  False: a callback raised an error, which is pushed. */
static bool free_region(lua_State *L, array *a)
{
    library_call call;
    begin_last_call(L, &call, a, 1);
    ufo *const region = a->region;
    a->region = NULL; /* before callbacks can look */
    ufo_free(region);
    ufo_residency_close(&a->residency);
    return end_call_quietly(&call, UFO_OK);
}

/** a:close(): gives changes to the source; if that fails, the array stays open with its changes, and the error is raised. */
static int array_close(lua_State *L)
{
    array *a = check_array(L, 1);
    lua_settop(L, 1);
    if (a->region == NULL)
        return 0;
    if (a->takes_changes && a->calls == 0) { /* inside its own callback it would wait for itself */
        library_call call;
        begin_call(L, &call, a, 1);
        end_call(&call, ufo_flush(a->region, 0, a->count));
    }
    return free_region(L, a) ? 0 : lua_error(L);
}

/** Nobody is there who could be told of an error; Lua 5.4 has warnings for that. */
static void warn_of_loss(lua_State *L)
{
#if LUA_VERSION_NUM >= 504
    lua_warning(L, "ufomem: changes of an array that was collected are lost: ", 1);
    lua_warning(L, luaL_tolstring(L, -1, NULL), 0);
#else
    (void)L;
#endif
}

static int array_gc(lua_State *L)
{
    array *a = check_array(L, 1);
    lua_settop(L, 1);
    const bool freed = free_region(L, a);
    if (a->callbacks != NULL) {
        a->callbacks->array = NULL;
        release_callbacks(a->callbacks);
        a->callbacks = NULL;
    }
    if (!freed)
        warn_of_loss(L); /* last: the error's own __tostring may raise another one */
    return 0;
}

void open_arrays(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"advise", array_advise}, {"bytes", array_bytes}, {"chunk", array_chunk},
        {"chunks", array_chunks}, {"close", array_close}, {"closed", array_closed},
        {"evict", array_evict},   {"flush", array_flush}, {"read", array_read},
        {"reset", array_reset},   {"stats", array_stats}, {"sum", array_sum},
        {"touch", array_touch},   {"type", array_type},   {"view", array_view},
        {"write", array_write},   {NULL, NULL},
    };
    static const luaL_Reg metamethods[] = {{"__len", array_length},
                                           {"__gc", array_gc},
                                           {"__close", array_close},
                                           {"__tostring", array_tostring},
                                           {NULL, NULL}};
    make_class(L, ARRAY_METATABLE, metamethods, methods, array_index, array_newindex);
}
