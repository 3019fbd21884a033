/* SPDX-License-Identifier: MIT */
/* What the measurements of bench.lua are compared with: the same work in C. */
#include <lauxlib.h>
#include <lua.h>
#include <ufomem/ufo.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 30, CHUNK_BYTES = 4096 };

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/** clock(): seconds. */
static int yardstick_clock(lua_State *L)
{
    lua_pushnumber(L, seconds());
    return 1;
}

static int index_nothing(lua_State *L)
{
    lua_pushnumber(L, 1);
    return 1;
}

/** Pushes a userdata each element of which is 1. */
static void push_nothing(lua_State *L)
{
    lua_newuserdata(L, 1);
    lua_newtable(L);
    lua_pushcfunction(L, index_nothing);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

/** memory(bytes): ordinary memory. */
static int yardstick_memory(lua_State *L)
{
    const size_t bytes = (size_t)luaL_checkinteger(L, 1);
    memset(lua_newuserdata(L, bytes), 1, bytes);
    return 1;
}

/** string(memory, bytes): its content as a string. */
static int yardstick_string(lua_State *L)
{
    lua_pushlstring(L, lua_touserdata(L, 1), (size_t)luaL_checkinteger(L, 2));
    return 1;
}

/** copy(bytes): seconds of memcpy between buffers that are in use already. */
static int yardstick_copy(lua_State *L)
{
    const size_t bytes = (size_t)luaL_checkinteger(L, 1);
    char *from = malloc(bytes);
    char *to = malloc(bytes);
    double best = 1e9;
    if (from != NULL && to != NULL) {
        memset(from, 1, bytes);
        memset(to, 2, bytes);
        for (int run = 0; run < RUNS; run++) {
            const double begin = seconds();
            memcpy(to, from, bytes);
            __asm__ volatile("" ::"r"(to) : "memory");
            const double taken = seconds() - begin;
            best = taken < best ? taken : best;
        }
    }
    free(from);
    free(to);
    lua_pushnumber(L, best);
    return 1;
}

/** store(table, count): its values as doubles, into a buffer. */
static int yardstick_store(lua_State *L)
{
    double buffer[CHUNK_BYTES / sizeof(double)];
    const int count = (int)luaL_checkinteger(L, 2);
    for (int i = 0; i < count; i++) {
        lua_rawgeti(L, 1, i + 1);
        buffer[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    __asm__ volatile("" ::"r"(buffer) : "memory");
    return 0;
}

static int32_t nothing(void *user_data, size_t first, size_t count, void *out)
{
    (void)user_data, (void)first, (void)count, (void)out;
    return 0;
}

/** cold(chunks, slice): seconds for each 4 KiB chunk that ufo_read of one element brings in, the callback doing nothing, from a caller
 *  only; of the best slice. */
static int yardstick_cold(lua_State *L)
{
    const size_t chunks = (size_t)luaL_checkinteger(L, 1);
    const size_t slice = (size_t)luaL_checkinteger(L, 2);
    const size_t elements = CHUNK_BYTES / sizeof(double);
    ufo_config *config = ufo_config_new();
    ufo_config_set_elements(config, chunks * elements, sizeof(double));
    ufo_config_set_chunk(config, elements);
    ufo_config_set_readahead(config, 0);
    ufo_config_set_populate(config, nothing, NULL, NULL);
    ufo_config_set_populate_policy(config, UFO_POPULATE_CALLER);
    ufo *region = ufo_new(NULL, config);
    ufo_config_free(config);
    double best = 1e9;
    for (size_t first = 0; first + slice <= chunks; first += slice) {
        const double begin = seconds();
        double value = 0;
        for (size_t chunk = first; chunk < first + slice; chunk++)
            if (ufo_read(region, chunk * elements, 1, &value) != UFO_OK)
                return luaL_error(L, "ufo_read: %s", ufo_last_error());
        const double taken = (seconds() - begin) / (double)slice;
        best = taken < best ? taken : best;
    }
    ufo_free(region);
    lua_pushnumber(L, best);
    return 1;
}

__attribute__((visibility("default"))) int luaopen_yardsticks(lua_State *L);

int luaopen_yardsticks(lua_State *L)
{
    static const luaL_Reg functions[] = {{"clock", yardstick_clock},
                                         {"cold", yardstick_cold},
                                         {"copy", yardstick_copy},
                                         {"memory", yardstick_memory},
                                         {"store", yardstick_store},
                                         {"string", yardstick_string},
                                         {NULL, NULL}};
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    push_nothing(L);
    lua_setfield(L, -2, "nothing");
    return 1;
}
