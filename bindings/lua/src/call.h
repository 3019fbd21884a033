/* SPDX-License-Identifier: MIT */
/*
 * Calls into the library that may run Lua callbacks, and the way of errors around the library.
 *
 *     library_call call;
 *     begin_call(L, &call, array, 1);
 *     const ufo_status status = ufo_touch(...);      // may run the callbacks of this array, on this very L
 *     end_call(&call, status);                       // raises what the callback raised, or the library's error
 *
 * Between begin and end nothing may raise a Lua error.  A callback runs under lua_pcall: what it raises is kept in a stack slot that
 * begin_call() reserved, the library is told a failure, and end_call() raises the same value again when the library has returned.
 * No error, and no coroutine's yield, ever passes through frames of the library.
 */
#ifndef UFOMEM_LUA_CALL_H
#define UFOMEM_LUA_CALL_H

#include "array.h"

/** Elements that a callback failed to give, first and end. */
typedef struct failed_range {
    size_t first, end;
} failed_range;

typedef struct library_call {
    lua_State *L;
    array *array;
    int array_at, error_at, runner_at; /* stack slots of L */
    bool failed;                       /* a callback raised what is at error_at */
    failed_range *ranges;              /* to be asked for again by the next call */
    size_t range_count;
    struct library_call *outer; /* the call whose callback made this one */
} library_call;

/**
 * `array_at`: where the array's userdata is on the stack, an absolute index.  Raises an error if the array is closed, as a finalizer may have
 * done just now.  Leaves values on the stack, for end_call().
 */
void begin_call(lua_State *L, library_call *call, array *array, int array_at);

/** For the call that ends the array: it may be closed. */
void begin_last_call(lua_State *L, library_call *call, array *array, int array_at);

/** Ends the call, raises the error if there is one, and takes from the stack what begin_call() left. */
void end_call(library_call *call, ufo_status status);

/**
 * Ends the call without raising.
 * @return true if all is well; otherwise pushes what would have been raised
 */
bool end_call_quietly(library_call *call, ufo_status status);

/** The callbacks that the library is given; user_data is an array_callbacks. */
int32_t populate_by_lua(void *user_data, size_t first, size_t count, void *out);
int32_t writeback_by_lua(void *user_data, size_t first, size_t count, const void *data);

#endif
