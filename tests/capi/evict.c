/* SPDX-License-Identifier: MIT */
/* flush, evict and reset: where changes go, and what comes back. */
#include "support/support.h"

enum { COUNT = 1 << 17 }; /* of 8 bytes: 1 MiB */
#define BUDGET (4 * MIB)  /* everything fits: chunks leave only when told to */

static void evict_empties_the_range(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, COUNT, 8, 1);
    const unsigned char *bytes = ufo_data(region);
    size_t page = page_size();
    assert_ok(ufo_touch(region, 0, COUNT));
    assert_int_equal(resident_bytes(bytes, MIB), MIB);

    assert_ok(ufo_evict(region, 0, page / 8 + 1)); /* meets two chunks */
    assert_int_equal(resident_bytes(bytes, 2 * page), 0);
    assert_int_equal(resident_bytes(bytes, MIB), MIB - 2 * page);
    assert_int_equal(region_stats(region).resident_bytes, MIB - 2 * page);
    assert_ok(ufo_evict(region, 0, COUNT));
    assert_int_equal(resident_bytes(bytes, MIB), 0);
    assert_true(region_stats(region).evictions >= MIB / page);
    assert_ok(ufo_evict(region, 0, COUNT)); /* nothing there: nothing to do */
    ufo_core_free(core);
}

static void the_next_access_populates_again(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {.count = COUNT, .element_size = 8};
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 8));
    assert_ok(ufo_config_set_chunk(config, 1));
    assert_ok(ufo_config_set_populate(config, source_populate, &source, NULL));
    assert_ok(ufo_config_set_read_only(config, 1)); /* so there is nothing to keep, even where changes are not known */
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    assert_ok(ufo_advise(region, 0, COUNT, UFO_ADVICE_RANDOM));
    size_t chunk = ufo_chunk(region);
    assert_ok(ufo_touch(region, 0, 1));
    assert_ok(ufo_evict(region, 0, 1));
    assert_ok(ufo_touch(region, 0, 1));
    assert_int_equal(atomic_load(&source.elements), 2 * chunk);
    assert_ok(ufo_evict(region, 0, 1));
    assert_pattern(ufo_data(region), 0, 8);
    assert_int_equal(atomic_load(&source.elements), 3 * chunk);
    assert_int_equal(region_stats(region).populates, 3);
    ufo_core_free(core);
}

static void flush_keeps_the_range(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct store store;
    store_init(&store, COUNT, 8);
    ufo *region = store_region(core, &store, 1);
    uint64_t *elements = ufo_data(region);
    elements[0] = 1;
    elements[COUNT - 1] = 2;
    size_t resident = resident_bytes(elements, MIB);
    assert_ok(ufo_flush(region, 0, 1)); /* only the range */
    assert_int_equal(((uint64_t *)store.bytes)[0], 1);
    assert_int_not_equal(((uint64_t *)store.bytes)[COUNT - 1], 2);
    assert_ok(ufo_flush(region, 0, COUNT));
    assert_int_equal(((uint64_t *)store.bytes)[COUNT - 1], 2);
    assert_int_equal(resident_bytes(elements, MIB), resident);
    ufo_core_free(core);
    store_destroy(&store);
}

static void a_change_during_a_flush_is_not_lost(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct store store;
    store_init(&store, COUNT, 8);
    ufo *region = store_region(core, &store, 1);
    volatile uint64_t *elements = ufo_data(region);
    for (uint64_t round = 1; round <= 2000; round++) {
        elements[0] = round;
        assert_ok(round % 2 ? ufo_flush(region, 0, 1) : ufo_evict(region, 0, 1));
        assert_int_equal(((uint64_t *)store.bytes)[0], round);
        assert_int_equal(elements[0], round);
    }
    ufo_core_free(core);
    store_destroy(&store);
}

/* What the store was not told yet is forgotten; what it was told stays. */
static void reset_asks_the_store_again(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct store store;
    store_init(&store, COUNT, 8);
    ufo *region = store_region(core, &store, 1);
    uint64_t *elements = ufo_data(region);
    elements[0] = 1;
    assert_ok(ufo_flush(region, 0, 1));
    elements[0] = 2;
    elements[1] = 3;
    assert_ok(ufo_reset(region, 0, 1));
    assert_int_equal(elements[0], 1);
    assert_pattern(&elements[1], 8, 8);
    ((uint64_t *)store.bytes)[0] = 50; /* the source may have changed: reset is how to say so */
    assert_ok(ufo_reset(region, 0, 1));
    assert_int_equal(elements[0], 50);
    assert_ok(ufo_flush(region, 0, COUNT));
    assert_int_equal(((uint64_t *)store.bytes)[0], 50);
    ufo_core_free(core);
    store_destroy(&store);
}

/* The spill is the region's own: what is in there is forgotten too. */
static void reset_forgets_the_spill(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *computed = source_region(core, &source, COUNT, 8, 1);
    ufo *zeros = zero_region(core, MIB, 1);
    memset(ufo_data(computed), 1, MIB);
    memset(ufo_data(zeros), 1, MIB);
    assert_ok(ufo_evict(computed, 0, COUNT));
    assert_ok(ufo_evict(zeros, 0, MIB));
    assert_true(core_stats(core).spilled_bytes >= 2 * MIB);
    assert_int_equal(*(unsigned char *)ufo_data(zeros), 1);
    assert_ok(ufo_reset(computed, 0, COUNT));
    assert_ok(ufo_reset(zeros, 0, MIB));
    assert_int_equal(core_stats(core).spilled_bytes, 0);
    assert_int_equal(resident_bytes(ufo_data(zeros), MIB), 0);
    assert_pattern(ufo_data(computed), 0, MIB);
    assert_true(all_zero(ufo_data(zeros), MIB));
    ufo_core_free(core);
}

static void reset_rereads_a_file(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    const char *path = temp_file(100000);
    ufo *region = file_region(core, path, 0, 100000, 1, 0);
    unsigned char *bytes = ufo_data(region);
    bytes[10] = 1;
    assert_ok(ufo_reset(region, 0, 100000));
    assert_pattern(bytes, 0, 100000);
    FILE *file = fopen(path, "r+b");
    fputc(77, file);
    fclose(file);
    assert_ok(ufo_reset(region, 0, 1));
    assert_int_equal(bytes[0], 77);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evict_empties_the_range),    cmocka_unit_test(the_next_access_populates_again),
        cmocka_unit_test(flush_keeps_the_range),      cmocka_unit_test(a_change_during_a_flush_is_not_lost),
        cmocka_unit_test(reset_asks_the_store_again), cmocka_unit_test(reset_forgets_the_spill),
        cmocka_unit_test(reset_rereads_a_file),
    };
    return RUN(tests);
}
