/* SPDX-License-Identifier: MIT */
/* What the programs of this folder share. */
#ifndef UFOMEM_TEST_SCALE_H
#define UFOMEM_TEST_SCALE_H

#include "support/support.h"

/** Argument `index` as a number, or `otherwise`; 0 is a size of nothing, and ends the program. */
static inline size_t size_argument(int argc, char **argv, int index, size_t otherwise)
{
    if (argc <= index)
        return otherwise;
    char *end = NULL;
    size_t value = strtoull(argv[index], &end, 10);
    if (end == argv[index] || *end != '\0' || value == 0) {
        fprintf(stderr, "%s: argument %d is '%s', not a number above 0\n", argv[0], index, argv[index]);
        exit(2);
    }
    return value;
}

/** Ends the program where the variant cannot run.  Who asks for a size of his own has no time limit. */
static inline void begin_scale(int argc)
{
    int available = support_check();
    if (available != 0)
        exit(available);
    begin_test(110);
    if (argc > 1)
        alarm(0);
}

static inline uint64_t mixed(uint64_t value)
{
    value = (value + UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

/** Element i is mixed(i); for elements of 8 bytes. */
static inline int32_t populate_mixed(void *unused, size_t first, size_t count, void *out)
{
    (void)unused;
    for (size_t i = 0; i < count; i++)
        ((uint64_t *)out)[i] = mixed(first + i);
    return 0;
}

/** `count` elements of populate_mixed() in chunks of at least `chunk` elements, with nothing filled ahead. */
static inline ufo *mixed_region(ufo_core *core, size_t count, size_t chunk)
{
    ufo_config *config = ufo_config_new();
    assert_non_null(config);
    assert_ok(ufo_config_set_elements(config, count, 8));
    assert_ok(ufo_config_set_chunk(config, chunk));
    assert_ok(ufo_config_set_populate(config, populate_mixed, NULL, NULL));
    ufo *region = ufo_new(core, config);
    if (!region)
        fail_msg("ufo_new: %s", ufo_last_error());
    ufo_config_free(config);
    assert_ok(ufo_advise(region, 0, count, UFO_ADVICE_RANDOM));
    return region;
}

#endif
