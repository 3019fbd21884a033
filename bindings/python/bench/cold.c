/* SPDX-License-Identifier: MIT */
/* What the C interface alone needs for absent chunks: the yardstick of bench.py. */
#include <ufomem/ufo.h>

#include <string.h>
#include <time.h>

static int32_t fill(void *user_data, size_t first, size_t count, void *out)
{
    memcpy(out, (const double *)user_data + first % 512, count * sizeof(double));
    return 0;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Seconds for a ufo_read of one element in each of `chunks` chunks of 4 KiB; negative on error. */
double cold_reads(size_t budget, size_t chunks)
{
    static double page[1024];
    enum { ELEMENTS = 512 };
    double taken = -1, value;
    ufo_core_config *core_config = ufo_core_config_new();
    ufo_core_config_set_budget(core_config, budget);
    ufo_core *core = ufo_core_new(core_config);
    ufo_core_config_free(core_config);
    ufo_config *config = ufo_config_new();
    ufo_config_set_elements(config, chunks * ELEMENTS, sizeof(double));
    ufo_config_set_chunk(config, ELEMENTS);
    ufo_config_set_readahead(config, 0); /* chunk by chunk */
    ufo_config_set_populate_policy(config, UFO_POPULATE_CALLER);
    ufo_config_set_populate(config, fill, page, NULL);
    ufo *region = ufo_new(core, config);
    ufo_config_free(config);
    if (region != NULL) {
        const double begin = seconds();
        ufo_status status = UFO_OK;
        for (size_t chunk = 0; chunk < chunks && status == UFO_OK; chunk++)
            status = ufo_read(region, chunk * ELEMENTS, 1, &value);
        if (status == UFO_OK)
            taken = seconds() - begin;
    }
    ufo_core_free(core);
    return taken;
}
