/* SPDX-License-Identifier: MIT */
#ifndef UFOMEM_LUA_VIEW_H
#define UFOMEM_LUA_VIEW_H

#include "array.h"

/** Makes the metatable of views.  array_view() and array_bytes() are methods of the array. */
void open_views(lua_State *L);

#endif
