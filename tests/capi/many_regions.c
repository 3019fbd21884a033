/* SPDX-License-Identifier: MIT */
/* Thousands of regions in one core, in a process that may open 64 files. */
#include "support/support.h"

#include <sys/resource.h>

enum { MOST = 10000 };
static ufo *regions[MOST];
static struct source source;

static void thousands(void **state)
{
    (void)state;
    const size_t count = rounds_for(MOST, 3000) & ~(size_t)1;
    struct rlimit files = {64, 64};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    ufo_core *core = begin_core(4 * MIB);

    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, 100, 8));
    source.count = 100;
    source.element_size = 8;
    assert_ok(ufo_config_set_populate(config, source_populate, &source, source_free));
    for (size_t i = 0; i < count; i++) {
        regions[i] = ufo_new(core, config);
        if (!regions[i])
            fail_msg("region %zu: %s", i, ufo_last_error());
    }
    ufo_config_free(config);
    assert_int_equal(core_stats(core).regions, count);

    for (size_t i = 0; i < count; i++) {
        assert_pattern(ufo_data(regions[i]), 0, 800);
        assert_ptr_equal(ufo_find(core, (char *)ufo_data(regions[i]) + 799), regions[i]);
    }
    assert_in_range(core_stats(core).peak_bytes, 1, 4 * MIB);

    for (size_t i = 0; i < count; i += 2)
        ufo_free(regions[i]);
    assert_int_equal(core_stats(core).regions, count / 2);
    for (size_t i = 1; i < count; i += 2) {
        assert_pattern(ufo_data(regions[i]), 0, 800);
        assert_ptr_equal(ufo_find(core, ufo_data(regions[i])), regions[i]);
    }
    assert_int_equal(atomic_load(&source.frees), 0);
    ufo_core_free(core);
    assert_int_equal(atomic_load(&source.frees), 1); /* one triple, however many regions used it */
    assert_int_equal(atomic_load(&source.outside), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(thousands)};
    return RUN(tests);
}
