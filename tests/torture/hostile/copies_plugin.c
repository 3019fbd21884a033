/* SPDX-License-Identifier: MIT */
/* A plug-in with a copy of the library of its own, linked statically. */
#include "hostile/copies.h"

#include <ufomem/ufo.h>

enum { WORDS = 64 * 1024 };

static int32_t fill(void *user_data, size_t first, size_t count, void *out)
{
    (void)user_data;
    uint64_t *word = out;
    for (size_t i = 0; i < count; i++)
        word[i] = 11 * (first + i);
    return 0;
}

static ufo_core *core;
static ufo *region;

__attribute__((visibility("default"))) uint64_t *plugin_start(void)
{
    ufo_core_config *core_config = ufo_core_config_new();
    ufo_config *config = ufo_config_new();
    if (core_config && config && ufo_core_config_set_budget(core_config, 128 * 1024) == UFO_OK
        && (core = ufo_core_new(core_config)) && ufo_config_set_elements(config, WORDS, 8) == UFO_OK
        && ufo_config_set_chunk(config, 512) == UFO_OK && ufo_config_set_populate(config, fill, NULL, NULL) == UFO_OK)
        region = ufo_new(core, config);
    ufo_config_free(config);
    ufo_core_config_free(core_config);
    return region ? ufo_data(region) : NULL;
}

__attribute__((visibility("default"))) int plugin_owns(const void *address)
{
    return ufo_find(core, address) == region && region;
}

__attribute__((visibility("default"))) void plugin_stop(void) { ufo_core_free(core); }
