/* SPDX-License-Identifier: MIT */
#include "client.h"

#include "maker.h"
#include "options.h"

#include <ufomem/service.h>

#include <string.h>

#define CLIENT_METATABLE "ufomem.client"

typedef struct client_object {
    ufo_client *handle; /* NULL: closed */
} client_object;

static ufo_client *check_client(lua_State *L, int argument)
{
    client_object *object = luaL_checkudata(L, argument, CLIENT_METATABLE);
    if (object->handle == NULL)
        raise_failure(L, UFO_ERR_CLOSED, "the client is closed");
    return object->handle;
}

/** A string that C sees to its end. */
static const char *check_text(lua_State *L, int argument)
{
    size_t length = 0;
    const char *text = luaL_checklstring(L, argument, &length);
    luaL_argcheck(L, strlen(text) == length, argument, "a string without zero bytes expected");
    return text;
}

int client_new(lua_State *L)
{
    const char *path = lua_isnoneornil(L, 1) ? NULL : check_text(L, 1);
    client_object *object = new_object(L, sizeof(*object), 0);
    luaL_setmetatable(L, CLIENT_METATABLE);
    object->handle = ufo_client_connect(path);
    return object->handle != NULL ? 1 : raise_last_error(L);
}

/** client:array(type, name [, {count = n}]): what the service has published by that name. */
static int client_array(lua_State *L)
{
    static const char *const known[] = {"count", NULL};
    ufo_client *client = check_client(L, 1);
    const element_type type = check_element_type(L, 2);
    const char *name = check_text(L, 3);
    check_options(L, 4, known);
    const bool all = push_option(L, 4, "count") == LUA_TNIL;
    lua_pop(L, 1);
    const size_t count = size_option(L, 4, "count", 0);

    array *a = push_array(L, type);
    maker m = all ? begin_config_of_all(a) : begin_config(a, count);
    note(&m, ufo_config_set_shared(m.config, client, name));
    const common_options none = {0};
    return end_config(L, &m, &none);
}

/** client:open(type, path [, {offset = bytes, count = n, chunk = n}]): a file, which this process opens. */
static int client_open(lua_State *L)
{
    static const char *const known[] = {"chunk", "count", "offset", NULL};
    ufo_client *client = check_client(L, 1);
    const element_type type = check_element_type(L, 2);
    const char *path = check_text(L, 3);
    check_options(L, 4, known);
    const common_options common = {.chunk = size_option(L, 4, "chunk", 0)};
    const size_t offset = size_option(L, 4, "offset", 0);
    size_t count = size_option(L, 4, "count", 0);
    if (count == 0)
        count = elements_of_file(L, path, offset, type);

    maker m = begin_config(push_array(L, type), count);
    note(&m, ufo_config_set_file(m.config, path, offset, 0));
    note(&m, ufo_config_set_shared(m.config, client, NULL));
    return end_config(L, &m, &common);
}

static int client_stats(lua_State *L)
{
    ufo_server_stats stats = {.struct_size = sizeof(stats)};
    const ufo_status status = ufo_client_stats_get(check_client(L, 1), &stats);
    if (status != UFO_OK)
        return raise_last_error(L);
    const figure figures[] = {
        {"page_bytes", stats.page_bytes},
        {"chunk_bytes", stats.chunk_bytes},
        {"budget_bytes", stats.budget_bytes},
        {"used_bytes", stats.used_bytes},
        {"peak_bytes", stats.peak_bytes},
        {"low_bytes", stats.low_bytes},
        {"high_bytes", stats.high_bytes},
        {"fillers", stats.fillers},
        {"most_fillers", stats.most_fillers},
        {"evictors", stats.evictors},
        {"faults_at_once", stats.faults_at_once},
        {"clients", stats.clients},
        {"clients_ever", stats.clients_ever},
        {"dismissed", stats.dismissed},
        {"regions", stats.regions},
        {"faults", stats.faults},
        {"late", stats.late},
        {"failures", stats.failures},
        {"populated_bytes", stats.populated_bytes},
        {"evictions", stats.evictions},
        {NULL, 0},
    };
    push_figures(L, figures);
    return 1;
}

/** client:close(): arrays that it has opened go on. */
static int client_close(lua_State *L)
{
    client_object *object = luaL_checkudata(L, 1, CLIENT_METATABLE);
    ufo_client *handle = object->handle;
    object->handle = NULL;
    ufo_client_free(handle);
    return 0;
}

static int client_tostring(lua_State *L)
{
    const client_object *object = luaL_checkudata(L, 1, CLIENT_METATABLE);
    lua_pushstring(L, object->handle != NULL ? "ufomem client" : "ufomem client (closed)");
    return 1;
}

static int client_index(lua_State *L) { return push_method(L); }

void open_clients(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"array", client_array}, {"open", client_open}, {"stats", client_stats}, {"close", client_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__gc", client_close}, {"__close", client_close}, {"__tostring", client_tostring}, {NULL, NULL}};
    make_class(L, CLIENT_METATABLE, metamethods, methods, client_index, NULL);
}
