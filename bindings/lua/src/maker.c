/* SPDX-License-Identifier: MIT */
#include "maker.h"

#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

common_options check_common_options(lua_State *L, int options, const char *const known[])
{
    common_options common = {0};
    check_options(L, options, known);
    if (push_option(L, options, "core") != LUA_TNIL)
        common.core = check_core(L, lua_gettop(L));
    lua_pop(L, 1);
    common.budget = size_option(L, options, "budget", 0);
    if (common.core != NULL && common.budget != 0)
        luaL_argerror(L, options, "either 'core' or 'budget': a core has its own");
    common.chunk = size_option(L, options, "chunk", 0);
    common.has_readahead = push_option(L, options, "readahead") != LUA_TNIL;
    lua_pop(L, 1);
    common.readahead = size_option(L, options, "readahead", 0);
    common.read_only = flag_option(L, options, "read_only");
    return common;
}

void note(maker *m, ufo_status status)
{
    if (m->status != UFO_OK || status == UFO_OK)
        return;
    m->status = status;
    copy_last_error(m->message);
}

maker begin_config_of_all(array *a)
{
    maker m = {.array = a, .config = ufo_config_new()};
    if (m.config == NULL)
        note(&m, UFO_ERR_NOMEM);
    return m;
}

maker begin_config(array *a, size_t count)
{
    maker m = begin_config_of_all(a);
    a->count = count;
    if (m.config != NULL)
        note(&m, ufo_config_set_elements(m.config, count, (size_t)1 << a->shift));
    return m;
}

/** What a service has is not known before: elements of another size than the array's type has are an error. */
static void take_shared(maker *m)
{
    array *a = m->array;
    a->shared = true;
    a->count = ufo_count(a->region);
    const size_t size = ufo_element_size(a->region);
    if (size == (size_t)1 << a->shift)
        return;
    m->status = UFO_ERR_INVALID;
    snprintf(m->message, sizeof(m->message), "the service's elements have %zu bytes; %s is another size", size,
             element_name(a->type));
    ufo_free(a->region);
    a->region = NULL;
}

static shared_core *core_with_budget(maker *m, size_t budget)
{
    ufo_core_config *config = ufo_core_config_new();
    ufo_core *handle = NULL;
    if (config != NULL && ufo_core_config_set_budget(config, budget) == UFO_OK)
        handle = ufo_core_new(config);
    if (handle == NULL)
        note(m, ufo_last_status());
    ufo_core_config_free(config);
    shared_core *core = handle != NULL ? share_core(handle, false) : NULL;
    if (handle != NULL && core == NULL)
        note(m, UFO_ERR_NOMEM);
    return core;
}

static void apply(maker *m, const common_options *common)
{
    if (common->chunk != 0)
        note(m, ufo_config_set_chunk(m->config, common->chunk));
    if (common->has_readahead)
        note(m, ufo_config_set_readahead(m->config, common->readahead));
    if (common->read_only)
        note(m, ufo_config_set_read_only(m->config, 1));
}

int end_config(lua_State *L, maker *m, const common_options *common)
{
    array *a = m->array;
    if (m->config != NULL)
        apply(m, common);
    if (common->core != NULL)
        a->core = use_core(common->core);
    else if (common->budget != 0 && m->status == UFO_OK)
        a->core = core_with_budget(m, common->budget);
    if (m->status == UFO_OK) {
        a->region = ufo_new(a->core != NULL ? a->core->handle : NULL, m->config);
        if (a->region == NULL)
            note(m, ufo_last_status());
        else if (ufo_get_delivery(a->region) == UFO_DELIVERY_SERVICE)
            take_shared(m);
    }
    if (a->region != NULL && !a->shared) {
        a->residency.struct_size = sizeof(a->residency);
        (void)ufo_residency_open(a->region, &a->residency); /* without it every element takes a call */
    }
    ufo_config_free(m->config);
    if (m->status == UFO_OK)
        return 1;
    release_core_if_unused(a);
    return raise_failure(L, m->status, m->message);
}

size_t elements_of_file(lua_State *L, const char *path, size_t offset, element_type type)
{
    struct stat file;
    if (stat(path, &file) != 0) {
        const int reason = errno;
        lua_pushfstring(L, "cannot open %s: %s", path, strerror(reason));
        raise_failure(L, UFO_ERR_FILE, lua_tostring(L, -1));
    }
    const size_t size = (size_t)file.st_size > offset ? (size_t)file.st_size - offset : 0;
    if (size == 0 || size & (((size_t)1 << element_shift(type)) - 1)) {
        char reason[128];
        snprintf(
            reason, sizeof(reason),
            ": its %zu bytes from byte %zu on are no whole number of %s elements; say how many with option 'count'",
            size, offset, element_name(type));
        lua_pushfstring(L, "%s%s", path, reason);
        raise_failure(L, UFO_ERR_TRUNCATED, lua_tostring(L, -1));
    }
    return size >> element_shift(type);
}
