/* SPDX-License-Identifier: MIT */
#include "call.h"

#include "failure.h"

#include <stdio.h>
#include <stdlib.h>

/* What callbacks return; nobody sees it but ufo_last_callback_code(). */
enum { CALLBACK_OK = 0, CALLBACK_RAISED = 1, CALLBACK_OUTSIDE = 2 };

enum { RESULT_SLOTS = 8 };

/* What the library asks of a callback. */
typedef struct request {
    enum array_slot callback;
    size_t first, count;
    void *out;        /* populate */
    const void *data; /* writeback */
    element_type type;
} request;

/* The thread's innermost call of the library.  A state and its coroutines belong to one thread at a time, and the library runs our
 * callbacks only inside calls: so this is also how a callback finds the L of whoever is asking. */
static _Thread_local library_call *current_call;
/* Handed from a trampoline to the function that it runs. */
static _Thread_local const request *current_request;

/** Raises an error that names the elements that the callback was called for. */
static void refuse(lua_State *L, const request *wanted, const char *what)
{
    char elements[64];
    snprintf(elements, sizeof(elements), "%zu to %zu", wanted->first + 1, wanted->first + wanted->count);
    luaL_error(L, "the callback for elements %s of type %s returned %s", elements, element_name(wanted->type), what);
}

static void take_bytes(lua_State *L, const request *wanted)
{
    const size_t bytes = wanted->count << element_shift(wanted->type);
    size_t length = 0;
    const char *content = lua_tolstring(L, -1, &length);
    if (length != bytes) {
        char what[128];
        snprintf(what, sizeof(what), "a string of %zu bytes; their content, in the machine's byte order, has %zu",
                 length, bytes);
        refuse(L, wanted, what);
    }
    memcpy(wanted->out, content, bytes);
}

static void take_table(lua_State *L, const request *wanted)
{
    const int stored = (int)store_elements_of_table(L, lua_gettop(L), 1, wanted->type, wanted->out, wanted->count);
    if ((size_t)stored == wanted->count)
        return;
    lua_rawgeti(L, -1, stored + 1);
    const bool number = lua_type(L, -1) == LUA_TNUMBER;
    lua_pushfstring(L, "a table with %s at [%d]; %s values are wanted, %s",
                    number ? lua_tostring(L, -1) : luaL_typename(L, -1), stored + 1, element_name(wanted->type),
                    element_domain(wanted->type));
    refuse(L, wanted, lua_tostring(L, -1));
}

static void populate(lua_State *L, const request *wanted)
{
    lua_pushinteger(L, (lua_Integer)wanted->first + 1);
    lua_pushinteger(L, (lua_Integer)wanted->count);
    lua_call(L, 2, 1);
    if (lua_type(L, -1) == LUA_TTABLE) {
        take_table(L, wanted);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        take_bytes(L, wanted);
    } else {
        lua_pushfstring(L, "a value of type %s; return a table of values, or a string of bytes", luaL_typename(L, -1));
        refuse(L, wanted, lua_tostring(L, -1));
    }
}

static void write_back(lua_State *L, const request *wanted)
{
    lua_pushinteger(L, (lua_Integer)wanted->first + 1);
    lua_createtable(L, (int)wanted->count, 0);
    push_elements_into_table(L, wanted->type, wanted->data, wanted->count, 1);
    lua_call(L, 2, 0);
}

/** runner(array): calls the array's callback; this is what lua_pcall protects. */
static int run_callback(lua_State *L)
{
    const request *wanted = current_request;
    get_slot(L, 1, wanted->callback);
    if (wanted->callback == SLOT_POPULATE)
        populate(L, wanted);
    else
        write_back(L, wanted);
    return 0;
}

/** Notes what a callback did not give.  Without memory for the note it stays failed until reset(). */
static void note_failed(library_call *call, size_t first, size_t count)
{
    if (call->range_count != 0 && call->ranges[call->range_count - 1].end == first) {
        call->ranges[call->range_count - 1].end = first + count;
        return;
    }
    failed_range *ranges = realloc(call->ranges, (call->range_count + 1) * sizeof(*ranges));
    if (ranges == NULL)
        return;
    call->ranges = ranges;
    call->ranges[call->range_count++] = (failed_range){first, first + count};
}

/** Frames of the library lie below: nothing here raises an error. */
static int32_t run_in_lua(array_callbacks *callbacks, const request *wanted)
{
    library_call *call = current_call;
    if (call == NULL || callbacks->array == NULL || call->array != callbacks->array)
        return CALLBACK_OUTSIDE;
    if (call->failed) /* its error ends the call: it is not asked again before that */
        return CALLBACK_RAISED;
    lua_State *L = call->L;
    if (!lua_checkstack(L, RESULT_SLOTS))
        return CALLBACK_OUTSIDE;
    const request *const outer_request = current_request;
    current_request = wanted;
    lua_pushvalue(L, call->runner_at);
    lua_pushvalue(L, call->array_at);
    const int outcome = lua_pcall(L, 1, 0, 0);
    current_request = outer_request;
    if (outcome == 0)
        return CALLBACK_OK;
    lua_replace(L, call->error_at);
    call->failed = true;
    return CALLBACK_RAISED;
}

int32_t populate_by_lua(void *user_data, size_t first, size_t count, void *out)
{
    array_callbacks *callbacks = user_data;
    if (callbacks->array == NULL)
        return CALLBACK_OUTSIDE;
    const request wanted = {
        .callback = SLOT_POPULATE, .first = first, .count = count, .out = out, .type = callbacks->array->type};
    const int32_t code = run_in_lua(callbacks, &wanted);
    if (code == CALLBACK_RAISED)
        note_failed(current_call, first, count);
    return code;
}

int32_t writeback_by_lua(void *user_data, size_t first, size_t count, const void *data)
{
    array_callbacks *callbacks = user_data;
    if (callbacks->array == NULL)
        return CALLBACK_OUTSIDE;
    const request wanted = {
        .callback = SLOT_WRITEBACK, .first = first, .count = count, .data = data, .type = callbacks->array->type};
    return run_in_lua(callbacks, &wanted);
}

void begin_call(lua_State *L, library_call *call, array *a, int array_at)
{
    begin_last_call(L, call, a, array_at);
    if (a->region == NULL) {
        (void)end_call_quietly(call, UFO_OK);
        raise_closed(L);
    }
}

void begin_last_call(lua_State *L, library_call *call, array *a, int array_at)
{
    luaL_checkstack(L, RESULT_SLOTS, "too many calls inside each other");
    lua_pushnil(L);
    lua_pushcfunction(L, run_callback);
    *call = (library_call){.L = L,
                           .array = a,
                           .array_at = array_at,
                           .error_at = lua_gettop(L) - 1,
                           .runner_at = lua_gettop(L),
                           .outer = current_call};
    a->calls++;
    current_call = call;
}

/** The library remembers a failed populate until ufo_reset(); a Lua program expects that the next access tries again.  Nothing is lost by
 *  that: what populate was asked for had no changes. */
static void forget_failures(library_call *call)
{
    for (size_t i = 0; i < call->range_count && call->array->region != NULL; i++)
        (void)ufo_reset(call->array->region, call->ranges[i].first, call->ranges[i].end - call->ranges[i].first);
    free(call->ranges);
    call->ranges = NULL;
}

bool end_call_quietly(library_call *call, ufo_status status)
{
    char message[FAILURE_TEXT];
    if (status != UFO_OK && !call->failed)
        snprintf(message, sizeof(message), "%s", ufo_last_error());
    current_call = call->outer;
    forget_failures(call);
    call->array->calls--;
    release_core_if_unused(call->array);
    lua_State *L = call->L;
    lua_settop(L, call->error_at); /* takes the runner away */
    if (call->failed)
        return false;
    lua_pop(L, 1);
    if (status == UFO_OK)
        return true;
    push_failure(L, status, message);
    return false;
}

void end_call(library_call *call, ufo_status status)
{
    if (!end_call_quietly(call, status))
        lua_error(call->L);
}
