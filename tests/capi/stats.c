/* SPDX-License-Identifier: MIT */
/* The figures, and programs that were built with a smaller or a larger struct. */
#include "support/support.h"

enum { LENGTH = 4 << 20 };
#define BUDGET (2 * MIB)

static void of_a_region(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    ufo_stats stats = region_stats(region);
    assert_int_equal(stats.resident_bytes + stats.faults + stats.populates + stats.evictions + stats.pins, 0);

    assert_pattern(ufo_data(region), 0, LENGTH);
    stats = region_stats(region);
    assert_int_equal(stats.populates, atomic_load(&source.calls));
    assert_int_equal(stats.populated_bytes, atomic_load(&source.elements));
    assert_int_equal(stats.resident_bytes, resident_bytes(ufo_data(region), LENGTH));
    assert_true(stats.faults > 0);
    assert_true(stats.evictions >= (LENGTH - BUDGET) / (64 * KIB));
    assert_int_equal(stats.failures, 0);

    uint64_t faults = stats.faults;
    assert_ok(ufo_touch(region, 0, 1)); /* a call is not a fault */
    assert_int_equal(region_stats(region).faults, faults);
    ufo_core_free(core);
}

static void of_a_core(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo_core_stats stats = core_stats(core);
    assert_int_equal(stats.budget_bytes, BUDGET);
    assert_int_equal(stats.regions, 0);
    assert_true(stats.workers >= 1 || ufo_core_delivery(core) != UFO_DELIVERY_THREAD);

    struct source first = {0}, second = {0};
    ufo *a = source_region(core, &first, LENGTH, 1, 0), *b = source_region(core, &second, LENGTH, 1, 0);
    assert_int_equal(core_stats(core).regions, 2);
    assert_pattern(ufo_data(a), 0, LENGTH);
    assert_pattern(ufo_data(b), 0, LENGTH);
    stats = core_stats(core);
    assert_int_equal(stats.populated_bytes, atomic_load(&first.elements) + atomic_load(&second.elements));
    assert_int_equal(stats.evictions, region_stats(a).evictions + region_stats(b).evictions);
    assert_int_equal(stats.faults, region_stats(a).faults + region_stats(b).faults);
    assert_true(stats.used_bytes >= region_stats(a).resident_bytes + region_stats(b).resident_bytes);
    assert_true(stats.peak_bytes >= stats.used_bytes);
    assert_in_range(stats.peak_bytes, 1, BUDGET);
    ufo_free(a);
    ufo_free(b);
    stats = core_stats(core);
    assert_int_equal(stats.regions, 0);
    assert_true(stats.populated_bytes >= 2 * LENGTH); /* what was done stays counted */
    ufo_core_free(core);
}

static void smaller_structs(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = zero_region(core, LENGTH, 0);
    assert_ok(ufo_touch(region, 0, 1));
    union {
        ufo_stats region;
        ufo_core_stats core;
        unsigned char bytes[512];
    } memory;
    memset(&memory, 0xCC, sizeof memory);
    memory.region.struct_size = offsetof(ufo_stats, pins);
    assert_ok(ufo_stats_get(region, &memory.region));
    assert_true(memory.region.resident_bytes > 0 && memory.region.resident_bytes <= LENGTH);
    for (size_t i = offsetof(ufo_stats, pins); i < sizeof memory; i++)
        assert_int_equal(memory.bytes[i], 0xCC);

    memset(&memory, 0xCC, sizeof memory);
    memory.core.struct_size = offsetof(ufo_core_stats, used_bytes);
    assert_ok(ufo_core_stats_get(core, &memory.core));
    assert_int_equal(memory.core.budget_bytes, BUDGET);
    for (size_t i = offsetof(ufo_core_stats, used_bytes); i < sizeof memory; i++)
        assert_int_equal(memory.bytes[i], 0xCC);

    memory.region.struct_size = 0; /* nobody's struct: the field was forgotten */
    assert_status(ufo_stats_get(region, &memory.region), UFO_ERR_INVALID);
    memory.core.struct_size = 0;
    assert_status(ufo_core_stats_get(core, &memory.core), UFO_ERR_INVALID);
    ufo_core_free(core);
}

static void larger_structs(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = zero_region(core, LENGTH, 0);
    struct {
        ufo_stats known;
        uint64_t future[8];
    } larger;
    memset(&larger, 0xCC, sizeof larger);
    larger.known.struct_size = sizeof larger;
    assert_ok(ufo_stats_get(region, &larger.known));
    assert_int_equal(larger.known.resident_bytes, 0);
    assert_int_equal(larger.known.failures, 0);
    struct {
        ufo_core_stats known;
        uint64_t future[8];
    } larger_core;
    memset(&larger_core, 0xCC, sizeof larger_core);
    larger_core.known.struct_size = sizeof larger_core;
    assert_ok(ufo_core_stats_get(core, &larger_core.known));
    assert_int_equal(larger_core.known.budget_bytes, BUDGET);
    assert_int_equal(larger_core.known.failures, 0);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_region),
        cmocka_unit_test(of_a_core),
        cmocka_unit_test(smaller_structs),
        cmocka_unit_test(larger_structs),
    };
    return RUN(tests);
}
