/* SPDX-License-Identifier: MIT */
/* Connections to a service, and the arrays that they open. */
#ifndef UFOMEM_LUA_CLIENT_H
#define UFOMEM_LUA_CLIENT_H

#include "compat.h"

/** Makes the metatable of clients. */
void open_clients(lua_State *L);

/** ufo.connect([path]): a client, see docs/bindings/lua.md. */
int client_new(lua_State *L);

#endif
