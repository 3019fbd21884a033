/* SPDX-License-Identifier: MIT */
/* The array as Lua sees it: a userdata around a region. */
#ifndef UFOMEM_LUA_ARRAY_H
#define UFOMEM_LUA_ARRAY_H

#include "compat.h"
#include "element.h"
#include "shared_core.h"

#include <ufomem/ufo.h>

#define ARRAY_METATABLE "ufomem.array"

/** Lua values that an array's userdata holds on to. */
enum array_slot { SLOT_POPULATE = 1, SLOT_WRITEBACK, SLOT_USER_DATA, ARRAY_SLOTS = SLOT_USER_DATA };

enum { ARRAY_KIND = 0x75666f61 };

typedef struct array {
    uint32_t kind; /* ARRAY_KIND: see to_object() */
    ufo *region;   /* NULL: closed */
    ufo_residency residency;
    size_t count;
    element_type type;
    unsigned shift;                    /* bytes of an element, as a power of two */
    bool takes_changes;                /* the source does: close() has something to report */
    bool shared;                       /* memory of a service, which may end: only copied, never looked at */
    unsigned calls;                    /* under way on this array, each inside a callback of the one before */
    unsigned views;                    /* that have not ended */
    struct array_callbacks *callbacks; /* NULL: the source is native */
    shared_core *core;                 /* NULL: the process's default core, or none any more */
} array;

/** What the library knows of the Lua callbacks: it may outlive the userdata, and is let go of by any thread. */
typedef struct array_callbacks {
    array *array; /* NULL: gone */
    unsigned owners;
} array_callbacks;

array_callbacks *new_callbacks(array *array); /* one owner; NULL: no memory */
void own_callbacks(array_callbacks *callbacks);
void release_callbacks(void *callbacks); /* an ufo_free_fn */

/** Pushes a userdata without a region. */
array *push_array(lua_State *L, element_type type);

/** The array at stack index `argument`, closed or not; raises an error if there is something else. */
array *check_array(lua_State *L, int argument);

/** The array at stack index `argument`; raises an error if it is closed. */
array *check_open_array(lua_State *L, int argument);

/** Raises the error for a closed array. */
int raise_closed(lua_State *L);

/** Gives the core back once neither the region, nor a view, nor a call needs it. */
void release_core_if_unused(array *array);

/** Elements [first, first + count), counted from 0. */
typedef struct element_range {
    size_t first, count;
} element_range;

/** The range of the arguments first, 1-based and 1 by default, and count, by default all from first on.  Raises an error if it is not inside the array. */
element_range check_range(lua_State *L, const array *array, int argument);

#endif
