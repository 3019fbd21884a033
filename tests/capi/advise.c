/* SPDX-License-Identifier: MIT */
/* Advice changes when chunks come and go, never what they hold. */
#include "support/support.h"

enum { LENGTH = 8 << 20 };
#define BUDGET (4 * MIB)

static bool becomes_resident(const unsigned char *start, size_t length)
{
    for (uint64_t end = now_ms() + 10000; now_ms() < end; sleep_ms(5))
        if (resident_bytes(start, length) >= length)
            return true;
    return false;
}

static void willneed_fills_in_the_background(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    assert_ok(ufo_advise(region, MIB, MIB, UFO_ADVICE_WILLNEED));
    assert_true(becomes_resident((unsigned char *)ufo_data(region) + MIB, MIB));
    assert_pattern((unsigned char *)ufo_data(region) + MIB, MIB, MIB);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_WILLNEED)); /* more than the budget: as far as it goes */
    assert_pattern(ufo_data(region), 0, LENGTH);
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET);
    ufo_core_free(core);
}

static void sequential_reads_ahead(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 1);
    const unsigned char *bytes = ufo_data(region);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_SEQUENTIAL));
    assert_pattern(bytes, 0, 256 * KIB);
    assert_true(becomes_resident(bytes + 256 * KIB, 64 * KIB)); /* nobody touched these */
    assert_pattern(bytes, 0, LENGTH);
    ufo_core_free(core);
}

static void readahead_can_be_turned_off(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {.count = LENGTH, .element_size = 1};
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_populate(config, source_populate, &source, source_free));
    assert_ok(ufo_config_set_readahead(config, 0));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_SEQUENTIAL));
    for (size_t at = 0; at < MIB; at += 64 * KIB)
        assert_pattern((unsigned char *)ufo_data(region) + at, at, 1);
    sleep_ms(50);
    assert_int_equal(resident_bytes(ufo_data(region), LENGTH), MIB);
    ufo_core_free(core);
}

static void random_fills_no_more_than_asked(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 1);
    const unsigned char *bytes = ufo_data(region);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_RANDOM));
    for (size_t i = 0; i < 64; i++)
        assert_pattern(bytes + i * page_size(), i * page_size(), 1);
    sleep_ms(50);
    assert_int_equal(resident_bytes(bytes, LENGTH), 64 * page_size());
    assert_int_equal(atomic_load(&source.elements), 64 * page_size());
    ufo_core_free(core);
}

static void dontneed_keeps_changes(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = zero_region(core, LENGTH, 0);
    unsigned char *bytes = ufo_data(region);
    pattern_fill(bytes, 0, MIB);
    assert_ok(ufo_advise(region, 0, MIB, UFO_ADVICE_DONTNEED));
    assert_pattern(bytes, 0, MIB);
    ufo_core_free(core);
}

/* Chunks that are not needed soon leave before those that are. */
static void dontneed_leaves_first(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    const unsigned char *bytes = ufo_data(region);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_RANDOM)); /* nothing ahead */
    assert_ok(ufo_touch(region, 0, MIB));   /* older ... */
    assert_ok(ufo_touch(region, MIB, MIB)); /* newer */
    assert_ok(ufo_advise(region, MIB, MIB, UFO_ADVICE_DONTNEED));
    assert_ok(ufo_touch(region, 2 * MIB, 5 * MIB / 2));
    assert_true(resident_bytes(bytes + MIB, MIB) <= resident_bytes(bytes, MIB));
    assert_pattern(bytes, 0, LENGTH);
    ufo_core_free(core);
}

static void unknown_advice(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = zero_region(core, LENGTH, 0);
    assert_status(ufo_advise(region, 0, 1, 5), UFO_ERR_INVALID);
    assert_status(ufo_advise(region, 0, 1, -1), UFO_ERR_INVALID);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_NORMAL));
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(willneed_fills_in_the_background),
        cmocka_unit_test(sequential_reads_ahead),
        cmocka_unit_test(readahead_can_be_turned_off),
        cmocka_unit_test(random_fills_no_more_than_asked),
        cmocka_unit_test(dontneed_keeps_changes),
        cmocka_unit_test(dontneed_leaves_first),
        cmocka_unit_test(unknown_advice),
    };
    return RUN(tests);
}
