/* SPDX-License-Identifier: MIT */
/* How arrays are made, whatever their source. */
#ifndef UFOMEM_LUA_MAKER_H
#define UFOMEM_LUA_MAKER_H

#include "array.h"
#include "failure.h"

#define COMMON_OPTIONS "core", "budget", "chunk", "readahead", "read_only"

typedef struct common_options {
    shared_core *core;
    size_t budget, chunk, readahead;
    bool read_only, has_readahead;
} common_options;

/** The options that every source of this process takes, and those of `known`. */
common_options check_common_options(lua_State *L, int options, const char *const known[]);

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

maker begin_config(array *a, size_t count);

/** Without a number of elements: the source knows it. */
maker begin_config_of_all(array *a);

/** Keeps the first failure of the library's. */
void note(maker *m, ufo_status status);

/** Makes the region, and leaves the array, which is on top of the stack; or raises what went wrong. */
int end_config(lua_State *L, maker *m, const common_options *common);

/** How many whole elements the file has from `offset` on; raises an error if there is a remainder, which nobody could mean. */
size_t elements_of_file(lua_State *L, const char *path, size_t offset, element_type type);

#endif
