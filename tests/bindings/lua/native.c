/* SPDX-License-Identifier: MIT */
/* What the tests need from C: sources for ufo.native(), loads through plain pointers, and a clock. */
#define _GNU_SOURCE
#include <lauxlib.h>
#include <lua.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))

enum { FAILURE_CODE = 42 };

EXPORT int32_t native_squares(void *user_data, size_t first, size_t count, void *out)
{
    (void)user_data;
    uint64_t *element = out;
    for (size_t i = 0; i < count; i++)
        element[i] = (uint64_t)(first + i) * (first + i);
    return 0;
}

static int32_t scaled(void *user_data, size_t first, size_t count, void *out)
{
    const uint64_t factor = *(const uint64_t *)user_data;
    uint64_t *element = out;
    for (size_t i = 0; i < count; i++)
        element[i] = (first + i) * factor;
    return 0;
}

static int32_t failing(void *user_data, size_t first, size_t count, void *out)
{
    (void)user_data, (void)first, (void)count, (void)out;
    return FAILURE_CODE;
}

static int32_t load(void *user_data, size_t first, size_t count, void *out)
{
    memcpy(out, (const char *)user_data + first, count);
    return 0;
}

static int32_t save(void *user_data, size_t first, size_t count, const void *data)
{
    memcpy((char *)user_data + first, data, count);
    return 0;
}

/** scale(factor): user data for `scaled`. */
static int scale(lua_State *L)
{
    const uint64_t factor = (uint64_t)luaL_checkinteger(L, 1);
    memcpy(lua_newuserdata(L, sizeof(factor)), &factor, sizeof(factor));
    return 1;
}

/** store(bytes): user data for `load` and `save`. */
static int store(lua_State *L)
{
    const size_t bytes = (size_t)luaL_checkinteger(L, 1);
    memset(lua_newuserdata(L, bytes), 0, bytes);
    return 1;
}

/** peek(pointer): the uint64_t there. */
static int peek(lua_State *L)
{
    lua_pushnumber(L, (lua_Number) * (const volatile uint64_t *)lua_touserdata(L, 1));
    return 1;
}

static sigjmp_buf after_signal;
static volatile sig_atomic_t seen_signal;

static void note_signal(int signal)
{
    seen_signal = signal;
    siglongjmp(after_signal, 1);
}

/** signal_at(pointer): the name of the signal that a load from there ends in; nil if there is none. */
static int signal_at(lua_State *L)
{
    const volatile uint64_t *pointer = lua_touserdata(L, 1);
    const struct sigaction noting = {.sa_handler = note_signal};
    struct sigaction before;
    seen_signal = 0;
    sigaction(SIGBUS, &noting, &before);
    if (sigsetjmp(after_signal, 1) == 0)
        (void)*pointer;
    sigaction(SIGBUS, &before, NULL);
    if (seen_signal == 0)
        return 0;
    lua_pushfstring(L, "SIG%s", sigabbrev_np(seen_signal));
    return 1;
}

/** clock(): seconds. */
static int now(lua_State *L)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    lua_pushnumber(L, (lua_Number)time.tv_sec + (lua_Number)time.tv_nsec * 1e-9);
    return 1;
}

static void set_function(lua_State *L, const char *name, void (*function)(void))
{
    union {
        void (*function)(void);
        void *object;
    } pointer = {function};
    lua_pushlightuserdata(L, pointer.object);
    lua_setfield(L, -2, name);
}

EXPORT int luaopen_native(lua_State *L);

int luaopen_native(lua_State *L)
{
    static const luaL_Reg functions[] = {{"clock", now},           {"peek", peek},   {"scale", scale},
                                         {"signal_at", signal_at}, {"store", store}, {NULL, NULL}};
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    set_function(L, "squares", (void (*)(void))native_squares);
    set_function(L, "scaled", (void (*)(void))scaled);
    set_function(L, "failing", (void (*)(void))failing);
    set_function(L, "load", (void (*)(void))load);
    set_function(L, "save", (void (*)(void))save);
    return 1;
}
