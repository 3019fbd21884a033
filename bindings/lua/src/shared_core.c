/* SPDX-License-Identifier: MIT */
#include "shared_core.h"

#include "failure.h"
#include "options.h"

#include <stdlib.h>

typedef struct core_object {
    shared_core *core; /* NULL: closed */
} core_object;

shared_core *share_core(ufo_core *handle, bool borrowed)
{
    shared_core *core = malloc(sizeof(*core));
    if (core != NULL)
        *core = (shared_core){.handle = handle, .users = 1, .borrowed = borrowed};
    else if (!borrowed)
        ufo_core_free(handle);
    return core;
}

shared_core *use_core(shared_core *core)
{
    core->users++;
    return core;
}

void release_core(shared_core *core)
{
    if (core == NULL || --core->users != 0)
        return;
    if (!core->borrowed)
        ufo_core_free(core->handle);
    free(core);
}

shared_core *check_core(lua_State *L, int argument)
{
    core_object *object = luaL_checkudata(L, argument, CORE_METATABLE);
    if (object->core == NULL)
        raise_failure(L, UFO_ERR_CLOSED, "the core is closed");
    return object->core;
}

/** The options of ufo.core() as a config; raises an error only when nothing is left to free. */
static ufo_core *make_core(lua_State *L, int options)
{
    static const char *const known[] = {"budget", "workers", "delivery", "spill_dir", NULL};
    static const char *const deliveries[] = {"auto", "thread", "inline", "protect",
                                             NULL}; /* in the order of UFO_DELIVERY_ */
    check_options(L, options, known);
    const size_t budget = size_option(L, options, "budget", 0);
    const size_t workers = size_option(L, options, "workers", 0);
    const int delivery = choice_option(L, options, "delivery", deliveries, UFO_DELIVERY_AUTO);
    const char *spill_dir = string_option(L, options, "spill_dir"); /* stays alive in the table */

    ufo_core_config *config = ufo_core_config_new();
    ufo_status status = config != NULL ? UFO_OK : UFO_ERR_NOMEM;
    ufo_core *core = NULL;
    if (status == UFO_OK)
        status = ufo_core_config_set_budget(config, budget);
    if (status == UFO_OK && workers != 0)
        status = ufo_core_config_set_workers(config, workers > UINT32_MAX ? UINT32_MAX : (uint32_t)workers);
    if (status == UFO_OK && delivery != UFO_DELIVERY_AUTO) /* what the environment says is a default, too */
        status = ufo_core_config_set_delivery(config, delivery);
    if (status == UFO_OK && spill_dir != NULL)
        status = ufo_core_config_set_spill_dir(config, spill_dir);
    if (status == UFO_OK) {
        core = ufo_core_new(config);
        status = core != NULL ? UFO_OK : ufo_last_status();
    }
    char message[FAILURE_TEXT];
    if (status != UFO_OK)
        copy_last_error(message);
    ufo_core_config_free(config);
    if (status != UFO_OK)
        raise_failure(L, status, message);
    return core;
}

int core_new(lua_State *L)
{
    const bool borrowed = lua_isnoneornil(L, 1) || lua_islightuserdata(L, 1);
    core_object *object = new_object(L, sizeof(*object), 0);
    luaL_setmetatable(L, CORE_METATABLE);
    ufo_core *handle = NULL;
    if (lua_islightuserdata(L, 1)) {
        handle = lua_touserdata(L, 1);
    } else if (borrowed) {
        handle = ufo_core_default();
        if (handle == NULL)
            return raise_last_error(L);
    } else {
        handle = make_core(L, 1);
    }
    object->core = share_core(handle, borrowed);
    if (object->core == NULL)
        return raise_failure(L, UFO_ERR_NOMEM, "no memory for a core");
    return 1;
}

static int core_set_budget(lua_State *L)
{
    shared_core *core = check_core(L, 1);
    const size_t bytes = check_size(L, 2);
    const ufo_status status = ufo_core_set_budget(core->handle, bytes);
    return status == UFO_OK ? 0 : raise_last_error(L);
}

static int core_stats(lua_State *L)
{
    shared_core *core = check_core(L, 1);
    ufo_core_stats stats = {.struct_size = sizeof(stats)};
    const ufo_status status = ufo_core_stats_get(core->handle, &stats);
    if (status != UFO_OK)
        return raise_last_error(L);
    const figure figures[] = {
        {"budget_bytes", stats.budget_bytes},
        {"used_bytes", stats.used_bytes},
        {"peak_bytes", stats.peak_bytes},
        {"spilled_bytes", stats.spilled_bytes},
        {"regions", stats.regions},
        {"workers", stats.workers},
        {"faults", stats.faults},
        {"populated_bytes", stats.populated_bytes},
        {"evictions", stats.evictions},
        {"rescues", stats.rescues},
        {"written_back_bytes", stats.written_back_bytes},
        {"spill_written_bytes", stats.spill_written_bytes},
        {"spill_read_bytes", stats.spill_read_bytes},
        {"failures", stats.failures},
        {NULL, 0},
    };
    push_figures(L, figures);
    return 1;
}

static int core_close(lua_State *L)
{
    core_object *object = luaL_checkudata(L, 1, CORE_METATABLE);
    release_core(object->core);
    object->core = NULL;
    return 0;
}

static int core_tostring(lua_State *L)
{
    const core_object *object = luaL_checkudata(L, 1, CORE_METATABLE);
    lua_pushstring(L, object->core != NULL ? "ufomem core" : "ufomem core (closed)");
    return 1;
}

static int core_index(lua_State *L) { return push_method(L); }

void open_cores(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"set_budget", core_set_budget}, {"stats", core_stats}, {"close", core_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__gc", core_close}, {"__close", core_close}, {"__tostring", core_tostring}, {NULL, NULL}};
    make_class(L, CORE_METATABLE, metamethods, methods, core_index, NULL);
}
