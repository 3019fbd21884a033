/* SPDX-License-Identifier: MIT */
#include "array.h"

#include "failure.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>

array_callbacks *new_callbacks(array *a)
{
    array_callbacks *callbacks = malloc(sizeof(*callbacks));
    if (callbacks != NULL)
        *callbacks = (array_callbacks){.array = a, .owners = 1};
    return callbacks;
}

void own_callbacks(array_callbacks *callbacks) { __atomic_add_fetch(&callbacks->owners, 1, __ATOMIC_RELAXED); }

void release_callbacks(void *callbacks)
{
    if (__atomic_sub_fetch(&((array_callbacks *)callbacks)->owners, 1, __ATOMIC_ACQ_REL) == 0)
        free(callbacks);
}

array *push_array(lua_State *L, element_type type)
{
    array *a = new_object(L, sizeof(*a), ARRAY_SLOTS);
    a->kind = ARRAY_KIND;
    a->type = type;
    a->shift = element_shift(type);
    luaL_setmetatable(L, ARRAY_METATABLE);
    return a;
}

array *check_array(lua_State *L, int argument) { return luaL_checkudata(L, argument, ARRAY_METATABLE); }

int raise_closed(lua_State *L) { return raise_failure(L, UFO_ERR_CLOSED, "the array is closed"); }

array *check_open_array(lua_State *L, int argument)
{
    array *a = check_array(L, argument);
    if (a->region == NULL)
        raise_closed(L);
    return a;
}

void release_core_if_unused(array *a)
{
    if (a->region != NULL || a->views != 0 || a->calls != 0)
        return;
    shared_core *core = a->core;
    a->core = NULL;
    release_core(core);
}

element_range check_range(lua_State *L, const array *a, int argument)
{
    lua_Integer first = 1;
    if (!lua_isnoneornil(L, argument) && !whole_number(L, argument, &first))
        luaL_argerror(L, argument, "a whole number, the first element, expected");
    const size_t rest = first >= 1 && (size_t)first <= a->count ? a->count - (size_t)first + 1 : 0;
    const size_t count = lua_isnoneornil(L, argument + 1) ? rest : check_size(L, argument + 1);
    if (first < 1 || (size_t)first > a->count + 1 || count > rest) {
        char message[128];
        snprintf(message, sizeof(message), "%zu elements from %lld on are not all inside the array's 1 to %zu", count,
                 (long long)first, a->count);
        raise_failure(L, UFO_ERR_RANGE, message);
    }
    return (element_range){(size_t)first - 1, count};
}
