/* SPDX-License-Identifier: MIT */
/* Many elements at once: read, write, sum, chunks. */
#include "array_methods.h"
#include "call.h"
#include "failure.h"
#include "options.h"

#include <limits.h>

/* Bytes that are copied in one piece, and bytes for which the C stack is room enough. */
enum { PIECE = 256 * 1024, SMALL = 4096 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/** Reads elements under a call that raises what goes wrong.  The array is at stack index 1. */
static void read_elements(lua_State *L, array *a, element_range range, void *out)
{
    library_call call;
    begin_call(L, &call, a, 1);
    end_call(&call, ufo_read(a->region, range.first, range.count, out));
}

/** Room for a piece: `small` if that is enough, else a userdata, which is garbage whatever happens. */
static void *make_buffer(lua_State *L, size_t bytes, void *small)
{
    return bytes <= SMALL ? small : lua_newuserdata(L, least(bytes, PIECE));
}

/** Pushes a table of the range, and nothing else. */
static void push_table_of(lua_State *L, array *a, element_range range)
{
    const int buffer_at = lua_gettop(L) + 1;
    if (range.count >= INT_MAX)
        luaL_error(L, "too many elements for one table; read them in pieces, or by chunks()");
    luaL_checkstack(L, 4, NULL);
    _Alignas(ELEMENT_LARGEST) unsigned char small[SMALL];
    void *buffer = make_buffer(L, range.count << a->shift, small);
    const size_t piece = (size_t)(buffer == small ? SMALL : PIECE) >> a->shift;
    lua_createtable(L, (int)range.count, 0);
    for (size_t done = 0; done < range.count; done += piece) {
        const size_t now = least(piece, range.count - done);
        read_elements(L, a, (element_range){range.first + done, now}, buffer);
        push_elements_into_table(L, a->type, buffer, now, done + 1);
    }
    if (buffer != small)
        lua_remove(L, buffer_at);
}

/** a:read([first [, count]]): a table of the values. */
int array_read(lua_State *L)
{
    array *a = check_open_array(L, 1);
    push_table_of(L, a, check_range(L, a, 2));
    return 1;
}

static void write_elements(lua_State *L, array *a, element_range range, const void *in)
{
    library_call call;
    begin_call(L, &call, a, 1);
    end_call(&call, ufo_write(a->region, range.first, range.count, in));
}

static void write_table(lua_State *L, array *a, element_range range)
{
    _Alignas(ELEMENT_LARGEST) unsigned char small[SMALL];
    void *buffer = make_buffer(L, range.count << a->shift, small);
    const size_t piece = (size_t)(buffer == small ? SMALL : PIECE) >> a->shift;
    for (size_t done = 0; done < range.count; done += piece) {
        const size_t now = least(piece, range.count - done);
        const size_t stored = store_elements_of_table(L, 3, done + 1, a->type, buffer, now);
        if (stored < now)
            luaL_error(L, "the value at [%d] cannot be stored; %s takes %s", (int)(done + stored + 1),
                       element_name(a->type), element_domain(a->type));
        write_elements(L, a, (element_range){range.first + done, now}, buffer);
    }
}

/** a:write(first, values): from a table, or a string of bytes. */
int array_write(lua_State *L)
{
    array *a = check_open_array(L, 1);
    size_t count = 0;
    if (lua_type(L, 3) == LUA_TSTRING) {
        count = lua_rawlen(L, 3) >> a->shift;
        luaL_argcheck(L, count << a->shift == lua_rawlen(L, 3), 3,
                      "the string's bytes are no whole number of elements");
    } else {
        luaL_checktype(L, 3, LUA_TTABLE);
        count = lua_rawlen(L, 3);
    }
    luaL_checktype(L, 2, LUA_TNUMBER);
    lua_settop(L, 3);
    lua_pushvalue(L, 2);
    PUSH_WHOLE(L, count);
    const element_range range = check_range(L, a, 4);
    if (lua_type(L, 3) == LUA_TSTRING)
        write_elements(L, a, range, lua_tostring(L, 3));
    else
        write_table(L, a, range);
    return 0;
}

/** a:sum([first [, count]]): integers wrap around, floats are added as doubles, in no promised order. */
int array_sum(lua_State *L)
{
    array *a = check_open_array(L, 1);
    const element_range range = check_range(L, a, 2);
    _Alignas(ELEMENT_LARGEST) unsigned char small[SMALL];
    void *buffer = make_buffer(L, range.count << a->shift, small);
    const size_t piece = (size_t)(buffer == small ? SMALL : PIECE) >> a->shift;
    element_sum sum = {0};
    for (size_t done = 0; done < range.count; done += piece) {
        const size_t now = least(piece, range.count - done);
        read_elements(L, a, (element_range){range.first + done, now}, buffer);
        add_elements(a->type, buffer, now, &sum);
    }
    push_sum(L, a->type, &sum);
    return 1;
}

/** The step of chunks(): upvalues array, elements at a time; state: the first element of the piece before. */
static int next_chunk(lua_State *L)
{
    lua_settop(L, 2);
    const lua_Integer before = lua_tointeger(L, 2);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_replace(L, 1); /* where calls look for the array */
    array *a = check_open_array(L, 1);
    const size_t step = (size_t)lua_tonumber(L, lua_upvalueindex(2));
    const size_t first = before == 0 ? 0 : (size_t)before - 1 + step;
    if (first >= a->count)
        return 0;
    PUSH_WHOLE(L, first + 1);
    push_table_of(L, a, (element_range){first, least(step, a->count - first)});
    return 2;
}

/** for first, values in a:chunks([count]) do ... end: the whole array in tables, by default of a chunk each. */
int array_chunks(lua_State *L)
{
    array *a = check_open_array(L, 1);
    const size_t step = lua_isnoneornil(L, 2) ? ufo_chunk(a->region) : check_size(L, 2);
    luaL_argcheck(L, step >= 1 && step < INT_MAX, 2, "1 element or more at a time");
    lua_pushvalue(L, 1);
    lua_pushnumber(L, (lua_Number)step);
    lua_pushcclosure(L, next_chunk, 2);
    lua_pushnil(L);
    lua_pushinteger(L, 0);
    return 3;
}
