/* SPDX-License-Identifier: MIT */
/* Cores as Lua sees them, and who keeps them. */
#ifndef UFOMEM_LUA_SHARED_CORE_H
#define UFOMEM_LUA_SHARED_CORE_H

#include "compat.h"

#include <ufomem/ufo.h>

#define CORE_METATABLE "ufomem.core"

/** A core and the number of those who need it: the userdata, and the arrays made from it.  The last one frees it.  One thread at a time,
 *  like the state that it belongs to. */
typedef struct shared_core {
    ufo_core *handle;
    size_t users;
    bool borrowed; /* somebody else frees it */
} shared_core;

/** A core with one user; takes the handle over, also when it fails.  NULL: no memory. */
shared_core *share_core(ufo_core *handle, bool borrowed);
shared_core *use_core(shared_core *core);
/** NULL is allowed. */
void release_core(shared_core *core);

/** Makes the metatable of cores. */
void open_cores(lua_State *L);

/** ufo.core([options]): a core, see docs/bindings/lua.md. */
int core_new(lua_State *L);

/** The core at stack index `argument`; raises an error if it is closed, or something else. */
shared_core *check_core(lua_State *L, int argument);

#endif
