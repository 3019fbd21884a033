/* SPDX-License-Identifier: MIT */
/* require "ufomem" */
#include "array_methods.h"
#include "client.h"
#include "failure.h"
#include "matrix.h"
#include "shared_core.h"
#include "sources.h"
#include "view.h"

#include <stdio.h>

static int library_version(lua_State *L)
{
    const uint32_t version = ufo_version();
    char text[32];
    snprintf(text, sizeof(text), "%u.%u.%u", (unsigned)(version >> 16), (unsigned)(version >> 8 & 0xff),
             (unsigned)(version & 0xff));
    lua_pushstring(L, text);
    return 1;
}

__attribute__((visibility("default"))) int luaopen_ufomem(lua_State *L);

int luaopen_ufomem(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"array", make_computed},    {"connect", client_new},
        {"core", core_new},          {"matrix", make_matrix},
        {"native", make_native},     {"open", open_file},
        {"sequence", make_sequence}, {"version", library_version},
        {"zeros", make_zeros},       {NULL, NULL},
    };
    luaL_newlib(L, functions);
    open_failures(L);
    lua_setfield(L, -2, "errors");
    open_cores(L);
    open_clients(L);
    open_arrays(L);
    open_views(L);
    open_matrices(L);
    return 1;
}
