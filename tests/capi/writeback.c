/* SPDX-License-Identifier: MIT */
/* Changes that go back to the user's own store. */
#include "support/support.h"

enum { COUNT = 1 << 18 };
#define BUDGET (512 * KIB)

static void changes_reach_the_store(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct store store;
    store_init(&store, COUNT, 8);
    ufo *region = store_region(core, &store, 1);
    uint64_t *elements = ufo_data(region);
    uint64_t *stored = (uint64_t *)store.bytes;
    for (size_t i = 0; i < COUNT; i += 1000)
        elements[i] = i;
    assert_ok(ufo_flush(region, 0, COUNT));
    for (size_t i = 0; i < COUNT; i += 1000)
        assert_int_equal(stored[i], i);
    assert_pattern(&stored[1], 8, 999 * 8);

    /* A flush leaves nothing to do, until there is a new change. */
    size_t writebacks = atomic_load(&store.writebacks);
    assert_ok(ufo_flush(region, 0, COUNT));
    if (knows_changes(core))
        assert_int_equal(atomic_load(&store.writebacks), writebacks);
    elements[3000] = 77;
    assert_ok(ufo_flush(region, 3000, 1));
    assert_int_equal(stored[3000], 77);
    if (knows_changes(core))
        assert_int_equal(atomic_load(&store.writebacks), writebacks + 1);
    ufo_core_free(core);
    assert_int_equal(atomic_load(&store.outside), 0);
    assert_int_equal(atomic_load(&store.frees), 2);
    store_destroy(&store);
}

static void unchanged_elements_do_not(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    if (!knows_changes(core)) {
        ufo_core_free(core);
        SKIP_TEST("this kernel does not tell what was changed");
    }
    struct store store;
    store_init(&store, COUNT, 8);
    ufo *region = store_region(core, &store, 1);
    assert_pattern(ufo_data(region), 0, (size_t)COUNT * 8);
    assert_ok(ufo_touch(region, 0, 10));
    assert_ok(ufo_evict(region, 0, COUNT));
    assert_int_equal(atomic_load(&store.writebacks), 0);

    uint64_t *elements = ufo_data(region);
    size_t chunk = ufo_chunk(region), changed = 5 * chunk + 7;
    elements[changed] = 1;
    assert_pattern(elements, 0, changed * 8);
    assert_ok(ufo_evict(region, 0, COUNT));
    assert_int_equal(((uint64_t *)store.bytes)[changed], 1);
    assert_true(atomic_load(&store.lowest) >= 5 * chunk); /* at most the chunk that was changed */
    assert_true(atomic_load(&store.highest) <= 6 * chunk);
    ufo_core_free(core);
    store_destroy(&store);
}

static void changes_survive_pressure(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct store store;
    store_init(&store, COUNT, 8);
    ufo *region = store_region(core, &store, 0);
    uint64_t *elements = ufo_data(region);
    for (size_t i = 0; i < COUNT; i++)
        elements[i] += i;
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t old;
        pattern_fill(&old, i * 8, 8);
        assert_int_equal(elements[i], old + i);
    }
    assert_int_equal(core_stats(core).spilled_bytes, 0); /* the store takes changes: no spill */
    assert_ok(ufo_flush(region, 0, COUNT));
    assert_memory_equal(store.bytes, elements, (size_t)COUNT * 8);
    assert_true(region_stats(region).written_back_bytes >= (size_t)COUNT * 8);
    ufo_core_free(core);
    store_destroy(&store);
}

static void free_gives_changes_back(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct store store;
    store_init(&store, COUNT, 8);
    ufo *region = store_region(core, &store, 0);
    ((uint64_t *)ufo_data(region))[COUNT - 1] = 1234;
    uint64_t value = 5678;
    assert_ok(ufo_write(region, 0, 1, &value));
    ufo_free(region);
    assert_int_equal(((uint64_t *)store.bytes)[COUNT - 1], 1234);
    assert_int_equal(((uint64_t *)store.bytes)[0], 5678);

    atomic_store(&store.frees, 0);
    region = store_region(core, &store, 0); /* and so does the end of the core */
    ((uint64_t *)ufo_data(region))[1] = 99;
    ufo_core_free(core);
    assert_int_equal(((uint64_t *)store.bytes)[1], 99);
    assert_int_equal(atomic_load(&store.frees), 2);
    store_destroy(&store);
}

/* Elements that lie in two chunks reach the store whole. */
static void any_element_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 3, 24, 1000, 4097, 5000};
    begin_test(60);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i], count = 1500000 / size;
        ufo_core *core = new_core(BUDGET);
        struct store store;
        store_init(&store, count, size);
        ufo *region = store_region(core, &store, 1);
        unsigned char *bytes = ufo_data(region);
        unsigned char *expected = malloc(count * size);
        pattern_fill(expected, 0, count * size);
        uint64_t random = i + 1;
        for (size_t round = 0, rounds = rounds_for(3000, 800); round < rounds; round++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            size_t at = (size_t)(random >> 20) % (count * size);
            bytes[at] = expected[at] = (unsigned char)(random >> 8);
        }
        assert_memory_equal(bytes, expected, count * size);
        assert_ok(ufo_flush(region, 0, count));
        assert_memory_equal(store.bytes, expected, count * size);
        ufo_core_free(core);
        assert_memory_equal(store.bytes, expected, count * size);
        assert_int_equal(atomic_load(&store.outside), 0);
        free(expected);
        store_destroy(&store);
    }
}

static void never_for_a_read_only_region(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct store store;
    store_init(&store, COUNT, 8);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 8));
    assert_ok(ufo_config_set_populate(config, store_populate, &store, NULL));
    assert_ok(ufo_config_set_writeback(config, store_writeback, &store, NULL));
    assert_ok(ufo_config_set_read_only(config, 1));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    assert_pattern(ufo_data(region), 0, (size_t)COUNT * 8);
    assert_ok(ufo_flush(region, 0, COUNT));
    ufo_config_free(config);
    ufo_core_free(core);
    assert_int_equal(atomic_load(&store.writebacks), 0);
    store_destroy(&store);
}

static void needs_a_populate_callback(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct store store;
    store_init(&store, COUNT, 8);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 8));
    if (ufo_config_set_writeback(config, store_writeback, &store, store_free) == UFO_OK)
        assert_null(ufo_new(core, config));
    assert_string_not_equal(ufo_last_error(), "");
    ufo_config_free(config);
    assert_int_equal(atomic_load(&store.frees), 1);
    ufo_core_free(core);
    store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_reach_the_store),   cmocka_unit_test(unchanged_elements_do_not),
        cmocka_unit_test(changes_survive_pressure),  cmocka_unit_test(free_gives_changes_back),
        cmocka_unit_test(any_element_size),          cmocka_unit_test(never_for_a_read_only_region),
        cmocka_unit_test(needs_a_populate_callback),
    };
    return RUN(tests);
}
