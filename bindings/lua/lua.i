// SPDX-License-Identifier: MIT
// What Lua has to know of the flat interface: module `ufomem.flat`.  Elements are counted from 0 here, as in C.
//
// Callbacks are C functions, see ufo_lua_pointer() for how they come to Lua; Lua functions are for module `ufomem`, which knows how to keep
// them off page faults.

%header %{
#include <string.h>

SWIGEXPORT int SWIG_init(lua_State *L);
SWIGEXPORT int luaopen_ufomem_flat(lua_State *L);

// SWIG makes two global functions, for debugging; a module has no business there.
int luaopen_ufomem_flat(lua_State *L)
{
    lua_settop(L, 0);
    lua_getglobal(L, "swig_type");
    lua_getglobal(L, "swig_equals");
    const int values = SWIG_init(L); // on top of what it leaves there
    lua_pushvalue(L, 1);
    lua_setglobal(L, "swig_type");
    lua_pushvalue(L, 2);
    lua_setglobal(L, "swig_equals");
    return values;
}

enum { UFO_LUA_TCDATA = 10 }; // of LuaJIT's FFI

// nil, a userdata, what package.loadlib gives, or a pointer of LuaJIT's FFI.
static int ufo_lua_is_pointer(lua_State *L, int index)
{
    return lua_isnoneornil(L, index) || lua_isuserdata(L, index) || lua_iscfunction(L, index) || lua_type(L, index) == UFO_LUA_TCDATA;
}

static void *ufo_lua_pointer(lua_State *L, int index)
{
    union {
        void *object;
        lua_CFunction function;
    } pointer = {lua_touserdata(L, index)};
    if (lua_iscfunction(L, index))
        pointer.function = lua_tocfunction(L, index);
    else if (lua_type(L, index) == UFO_LUA_TCDATA)
        memcpy(&pointer, lua_topointer(L, index), sizeof(pointer));
    return pointer.object;
}

static void ufo_lua_push_pointer(lua_State *L, const void *pointer)
{
    if (pointer)
        lua_pushlightuserdata(L, (void *)pointer);
    else
        lua_pushnil(L);
}

#if LUA_VERSION_NUM >= 503
#define ufo_lua_push_whole(L, value) lua_pushinteger(L, (lua_Integer)(value))
#define ufo_lua_whole(L, index, type) ((type)lua_tointeger(L, index))
#else
#define ufo_lua_push_whole(L, value) lua_pushnumber(L, (lua_Number)(value))
#define ufo_lua_whole(L, index, type) ((type)lua_tonumber(L, index))
#endif
%}

// Whole numbers keep all their 64 bits; SWIG would pass them through a double.
%typemap(in, checkfn="lua_isnumber") int, unsigned int, long, unsigned long, long long, unsigned long long
%{ $1 = ufo_lua_whole(L, $input, $1_ltype); %}
%typemap(out) int, unsigned int, long, unsigned long, long long, unsigned long long
%{ ufo_lua_push_whole(L, $1); SWIG_arg++; %}

%typemap(in, checkfn="ufo_lua_is_pointer") void *, const void * %{ $1 = ufo_lua_pointer(L, $input); %}
%typemap(out) void *, const void * %{ ufo_lua_push_pointer(L, $1); SWIG_arg++; %}
%typemap(in, checkfn="ufo_lua_is_pointer") ufo_populate_fn, ufo_writeback_fn, ufo_free_fn, ufo_log_fn
%{ $1 = ($1_ltype)ufo_lua_pointer(L, $input); %}

// ufo_read(region, first, count) gives status and bytes, ufo_write(region, first, bytes) a status.
%native(ufo_read) int ufo_lua_read(lua_State *L);
%native(ufo_write) int ufo_lua_write(lua_State *L);
%ignore ufo_read; // after %native: from here on, for what the header declares
%ignore ufo_write;
%{
static ufo *ufo_lua_region(lua_State *L, const char *function)
{
    void *region = NULL;
    if (!SWIG_IsOK(SWIG_ConvertPtr(L, 1, &region, SWIGTYPE_p_ufo, 0)))
        luaL_error(L, "%s: a region expected", function);
    return (ufo *)region;
}

static int ufo_lua_read(lua_State *L)
{
    ufo *region = ufo_lua_region(L, "ufo_read");
    const size_t first = ufo_lua_whole(L, 2, size_t);
    const size_t count = ufo_lua_whole(L, 3, size_t);
    const size_t size = ufo_element_size(region);
    const size_t all = ufo_count(region);
    // What is out of range is refused by the library, before it looks at the memory.
    const size_t bytes = count <= all ? count * size : 0;
    void *out = lua_newuserdata(L, bytes);
    const ufo_status status = ufo_read(region, first, count, out);
    ufo_lua_push_whole(L, status);
    if (status != UFO_OK)
        return 1;
    lua_pushlstring(L, (const char *)out, bytes);
    return 2;
}

static int ufo_lua_write(lua_State *L)
{
    ufo *region = ufo_lua_region(L, "ufo_write");
    const size_t first = ufo_lua_whole(L, 2, size_t);
    size_t bytes = 0;
    const char *in = luaL_checklstring(L, 3, &bytes);
    const size_t size = ufo_element_size(region);
    if (size != 0 && bytes % size != 0)
        return luaL_error(L, "ufo_write: the string has %d bytes over whole elements", (int)(bytes % size));
    ufo_lua_push_whole(L, ufo_write(region, first, size ? bytes / size : 0, in));
    return 1;
}
%}

// For language run-times: the module `ufomem` uses it.
%rename("$ignore", regexmatch$name="^ufo_residency") "";

// Figures are made ready to be filled.
%extend ufo_stats {
    ufo_stats() {
        struct ufo_stats *stats = (struct ufo_stats *)calloc(1, sizeof(*stats));
        if (stats)
            stats->struct_size = sizeof(*stats);
        return stats;
    }
    ~ufo_stats() { free($self); }
}
%extend ufo_core_stats {
    ufo_core_stats() {
        struct ufo_core_stats *stats = (struct ufo_core_stats *)calloc(1, sizeof(*stats));
        if (stats)
            stats->struct_size = sizeof(*stats);
        return stats;
    }
    ~ufo_core_stats() { free($self); }
}
%extend ufo_server_stats {
    ufo_server_stats() {
        struct ufo_server_stats *stats = (struct ufo_server_stats *)calloc(1, sizeof(*stats));
        if (stats)
            stats->struct_size = sizeof(*stats);
        return stats;
    }
    ~ufo_server_stats() { free($self); }
}
