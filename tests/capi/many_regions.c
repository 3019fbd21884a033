/* SPDX-License-Identifier: MIT */
/* Ten thousand regions in one core, in a process that may open 64 files. */
#include "support/support.h"

#include <sys/resource.h>

enum { REGIONS = 10000 };
static ufo *regions[REGIONS];
static struct source source;

static void ten_thousand(void **state)
{
    (void)state;
    struct rlimit files = {64, 64};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    ufo_core *core = begin_core(4 * MIB);

    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, 100, 8));
    source.count = 100;
    source.element_size = 8;
    assert_ok(ufo_config_set_populate(config, source_populate, &source, source_free));
    for (size_t i = 0; i < REGIONS; i++) {
        regions[i] = ufo_new(core, config);
        if (!regions[i])
            fail_msg("region %zu: %s", i, ufo_last_error());
    }
    ufo_config_free(config);
    assert_int_equal(core_stats(core).regions, REGIONS);

    for (size_t i = 0; i < REGIONS; i++) {
        assert_pattern(ufo_data(regions[i]), 0, 800);
        assert_ptr_equal(ufo_find(core, (char *)ufo_data(regions[i]) + 799), regions[i]);
    }
    assert_in_range(core_stats(core).peak_bytes, 1, 4 * MIB);

    for (size_t i = 0; i < REGIONS; i += 2)
        ufo_free(regions[i]);
    assert_int_equal(core_stats(core).regions, REGIONS / 2);
    for (size_t i = 1; i < REGIONS; i += 2) {
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(ten_thousand)};
    return RUN(tests);
}
