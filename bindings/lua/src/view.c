/* SPDX-License-Identifier: MIT */
/* Views: elements that stay where they are while a function runs, and what can be done with them there. */
#include "view.h"

#include "array_methods.h"
#include "call.h"
#include "failure.h"
#include "options.h"

#include <stdio.h>

#ifndef LUA_OK /* 5.1 */
#define LUA_OK 0
#endif
#define VIEW_METATABLE "ufomem.view"

enum { SLOT_ARRAY = 1, SLOT_COPY, VIEW_SLOTS = SLOT_COPY };

enum { VIEW_KIND = 0x75666f76 };

typedef struct view {
    uint32_t kind; /* VIEW_KIND: see to_object() */
    array *array;  /* kept by the slot */
    ufo *region;   /* NULL: ended.  The array may be closed by now: its region lasts until the pins are given back */
    unsigned char *data; /* of the view's first element */
    bool copied;         /* to a userdata in the slot: nothing is pinned */
    element_range range;
    element_type type;
    unsigned shift; /* bytes of an element, as a power of two */
    bool writable;
} view;

static view *check_view(lua_State *L, int argument)
{
    view *v = to_object(L, argument, sizeof(*v), VIEW_KIND);
    if (v == NULL)
        luaL_argerror(L, argument, "a view expected");
    if (v->region == NULL)
        raise_failure(L, UFO_ERR_CLOSED, "the view has ended: it lasts as long as the function that was given it");
    return v;
}

/** Fills a view that is for reading with a copy: memory of a service may be SIGBUS at the next moment. */
static ufo_status copy_shared(lua_State *L, array *a, view *v)
{
    const int view_at = lua_gettop(L);
    void *copy = lua_newuserdata(L, v->range.count << a->shift);
    set_slot(L, view_at, SLOT_COPY);
    library_call call;
    begin_call(L, &call, a, 1);
    ufo *const region = a->region;
    const ufo_status status = ufo_read(region, v->range.first, v->range.count, copy);
    if (status == UFO_OK) {
        v->region = region;
        v->data = copy;
        v->copied = true;
        a->views++;
    }
    (void)end_call_quietly(&call, status);
    return status;
}

/** Pushes a view of the range of the array at stack index 1, pinned; or an error, whose status it returns. */
static ufo_status push_view(lua_State *L, array *a, element_range range, bool writable)
{
    view *v = new_object(L, sizeof(*v), VIEW_SLOTS); /* before the pin: nothing can fail between that and the view */
    *v =
        (view){.kind = VIEW_KIND, .array = a, .range = range, .type = a->type, .shift = a->shift, .writable = writable};
    lua_pushvalue(L, 1);
    set_slot(L, lua_gettop(L) - 1, SLOT_ARRAY);
    luaL_setmetatable(L, VIEW_METATABLE);
    if (a->shared && !writable)
        return copy_shared(L, a, v);

    library_call call;
    begin_call(L, &call, a, 1);
    ufo *const region = a->region;
    const ufo_status status = (writable ? ufo_pin_write : ufo_pin)(region, range.first, range.count);
    if (status == UFO_OK) {
        v->region = region;
        v->data = (unsigned char *)ufo_data(region) + (range.first << a->shift);
        a->views++;
    }
    (void)end_call_quietly(&call, status);
    return status;
}

/** Gives the pins back.  Raises no error. */
static void end_view(view *v)
{
    ufo *region = v->region;
    if (region == NULL)
        return;
    v->region = NULL;
    if (!v->copied)
        (void)ufo_unpin(region, v->range.first, v->range.count);
    v->array->views--;
    release_core_if_unused(v->array);
}

/** After the function: upwards of the view at stack index `view_at` stand its results, or its error. */
static int finish_view(lua_State *L, int outcome, int view_at)
{
    end_view(lua_touserdata(L, view_at));
    return outcome == LUA_OK || outcome == LUA_YIELD ? lua_gettop(L) - view_at : lua_error(L);
}

#if LUA_VERSION_NUM >= 503
/** The function has yielded, and was resumed until its end. */
static int resumed_view(lua_State *L, int outcome, lua_KContext view_at)
{
    return finish_view(L, outcome, (int)view_at);
}
#endif

/** a:view(first, count [, "read" | "write"], function): calls function(view), and returns what that returns. */
int array_view(lua_State *L)
{
    static const char *const modes[] = {"read", "write", NULL};
    array *a = check_open_array(L, 1);
    const int function = lua_type(L, 4) == LUA_TSTRING ? 5 : 4;
    const bool writable = function == 5 && luaL_checkoption(L, 4, NULL, modes) == 1;
    luaL_checktype(L, function, LUA_TFUNCTION);
    const element_range range = check_range(L, a, 2);
    lua_settop(L, function);
    if (push_view(L, a, range, writable) != UFO_OK)
        return lua_error(L);
    const int view_at = lua_gettop(L);
    lua_pushvalue(L, function);
    lua_pushvalue(L, view_at);
#if LUA_VERSION_NUM >= 503
    return finish_view(L, lua_pcallk(L, 1, LUA_MULTRET, 0, view_at, resumed_view), view_at);
#else
    return finish_view(L, lua_pcall(L, 1, LUA_MULTRET, 0), view_at);
#endif
}

/** a:bytes([first [, count]]): the elements' bytes, in the machine's order, as a string. */
int array_bytes(lua_State *L)
{
    array *a = check_open_array(L, 1);
    const element_range range = check_range(L, a, 2);
    lua_settop(L, 1);
    const ufo_status status =
        a->shared ? UFO_ERR_LIMIT : push_view(L, a, range, false); /* a view would be a second copy */
    if (status == UFO_OK) {
        view *v = lua_touserdata(L, 2);
        lua_pushlstring(L, (const char *)v->data, range.count << a->shift);
        end_view(v);
        return 1;
    }
    if (status != UFO_ERR_BUDGET && status != UFO_ERR_LIMIT)
        return lua_error(L);
    /* Not all of it can be in memory at once: piece by piece, with one copy more. */
    void *buffer = lua_newuserdata(L, range.count << a->shift);
    library_call call;
    begin_call(L, &call, a, 1);
    end_call(&call, ufo_read(a->region, range.first, range.count, buffer));
    lua_pushlstring(L, buffer, range.count << a->shift);
    return 1;
}

/* ---- what a view can do ---- */

static unsigned char *check_element(lua_State *L, const view *v)
{
    lua_Integer index = 0;
    if (is_whole(L, 2, &index) && (size_t)index - 1 < v->range.count)
        return v->data + (((size_t)index - 1) << v->shift);
    char message[128];
    snprintf(message, sizeof(message), "no element %.14g; the view's are 1 to %zu", (double)lua_tonumber(L, 2),
             v->range.count);
    raise_failure(L, UFO_ERR_RANGE, message);
    return NULL; /* not reached */
}

/** v[i], and the methods: upvalue 1. */
static int view_index(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TNUMBER)
        return push_method(L);
    const view *v = check_view(L, 1);
    push_element(L, v->type, check_element(L, v));
    return 1;
}

/** v[i] = x */
static int view_newindex(lua_State *L)
{
    const view *v = check_view(L, 1);
    if (!v->writable)
        return raise_failure(L, UFO_ERR_READ_ONLY,
                             "the view is for reading; ask for a view(first, count, \"write\", function)");
    if (lua_type(L, 2) != LUA_TNUMBER)
        return luaL_error(L, "a view has elements only; a %s cannot be set", luaL_typename(L, 2));
    unsigned char *element = check_element(L, v);
    if (!store_element(L, 3, v->type, element))
        return luaL_error(L, "%s takes %s", element_name(v->type), element_domain(v->type));
    return 0;
}

static int view_length(lua_State *L)
{
    PUSH_WHOLE(L, check_view(L, 1)->range.count);
    return 1;
}

/** The view's first element in the array, counted from 1. */
static int view_first(lua_State *L)
{
    PUSH_WHOLE(L, check_view(L, 1)->range.first + 1);
    return 1;
}

static int view_bytes(lua_State *L)
{
    const view *v = check_view(L, 1);
    lua_pushlstring(L, (const char *)v->data, v->range.count << v->shift);
    return 1;
}

static int view_sum(lua_State *L)
{
    const view *v = check_view(L, 1);
    element_sum sum = {0};
    add_elements(v->type, v->data, v->range.count, &sum);
    push_sum(L, v->type, &sum);
    return 1;
}

/** A light userdata, for other C modules and the FFI; nothing protects it after the view's end. */
static int view_pointer(lua_State *L)
{
    lua_pushlightuserdata(L, check_view(L, 1)->data);
    return 1;
}

static int view_gc(lua_State *L)
{
    end_view(luaL_checkudata(L, 1, VIEW_METATABLE));
    return 0;
}

void open_views(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"bytes", view_bytes}, {"first", view_first}, {"pointer", view_pointer}, {"sum", view_sum}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", view_gc}, {"__len", view_length}, {NULL, NULL}};
    make_class(L, VIEW_METATABLE, metamethods, methods, view_index, view_newindex);
}
