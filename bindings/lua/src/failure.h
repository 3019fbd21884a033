/* SPDX-License-Identifier: MIT */
/* Errors of the library as Lua error values: {status = -18, name = "CLOSED", message = "..."}, with tostring(). */
#ifndef UFOMEM_LUA_FAILURE_H
#define UFOMEM_LUA_FAILURE_H

#include "compat.h"

#include <ufomem/ufo.h>

enum { FAILURE_TEXT = 1024 };

/** Makes the metatable of error values, and pushes the table of the codes by name. */
void open_failures(lua_State *L);

/** Pushes an error value; the message is given the place in the Lua code that called. */
void push_failure(lua_State *L, ufo_status status, const char *message);

/** Raises one. */
int raise_failure(lua_State *L, ufo_status status, const char *message);

/** Raises what the thread's last failed call of the library said.  To be called before anything else can call the library, as a finalizer might. */
int raise_last_error(lua_State *L);

#endif
