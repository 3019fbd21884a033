/* SPDX-License-Identifier: MIT */
/* A writeback callback that fails: the changes stay in memory, are offered again, and are never lost. */
#include "support/support.h"

enum { COUNT = 1 << 20 };

static void store_fails(struct store *store, int32_t code, int times)
{
    atomic_store(&store->fail_code, code);
    atomic_store(&store->fail_times, times);
}

static void flush_reports_it(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    store_init(&store, COUNT, 1);
    ufo *region = store_region(core, &store, 1);
    unsigned char *bytes = ufo_data(region);
    bytes[5] = 77;
    store_fails(&store, -7, 3);
    assert_status(ufo_flush(region, 0, 10), UFO_ERR_WRITEBACK);
    assert_int_equal(ufo_last_callback_code(), -7);
    assert_error_names("-7");
    assert_status(ufo_evict(region, 0, 10), UFO_ERR_WRITEBACK); /* it may not leave */
    assert_int_equal(resident_bytes(bytes, 1), page_size());
    assert_int_equal(bytes[5], 77);
    bytes[6] = 78; /* and can be changed further */
    assert_status(ufo_flush(region, 0, COUNT), UFO_ERR_WRITEBACK);
    assert_ok(ufo_flush(region, 0, 10));
    assert_int_equal(store.bytes[5], 77);
    assert_int_equal(store.bytes[6], 78);
    assert_ok(ufo_evict(region, 0, COUNT));
    assert_int_equal(bytes[5], 77);
    ufo_core_free(core);
    store_destroy(&store);
}

/* One bad chunk does not keep the others from being flushed. */
static void the_others_are_flushed(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    store_init(&store, COUNT, 1);
    ufo *region = store_region(core, &store, 1);
    unsigned char *bytes = ufo_data(region);
    size_t page = page_size();
    for (size_t i = 0; i < 10; i++)
        bytes[2 * i * page] = (unsigned char)~pattern(2 * i * page);
    store_fails(&store, 1, 1);
    assert_status(ufo_flush(region, 0, COUNT), UFO_ERR_WRITEBACK);
    size_t arrived = 0;
    for (size_t i = 0; i < 10; i++)
        arrived += store.bytes[2 * i * page] != pattern(2 * i * page);
    assert_int_equal(arrived, 9);
    assert_ok(ufo_flush(region, 0, COUNT));
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(store.bytes[2 * i * page], (unsigned char)~pattern(2 * i * page));
    ufo_core_free(core);
    store_destroy(&store);
}

/* Under pressure: the memory that cannot leave is refused to others, and comes back when the store works again. */
static void under_pressure(void **state)
{
    (void)state;
    ufo_core *core = begin_core(512 * KIB);
    struct store store;
    store_init(&store, COUNT, 1);
    ufo *region = store_region(core, &store, 1);
    unsigned char *bytes = ufo_data(region), one = 1;
    store_fails(&store, 5, -1);
    size_t changed = 0;
    ufo_status status = UFO_OK;
    while (changed < COUNT && (status = ufo_write(region, changed, 1, &one)) == UFO_OK)
        changed += page_size();
    assert_true(changed < COUNT); /* all of it cannot be in memory */
    assert_true(status == UFO_ERR_BUDGET || status == UFO_ERR_WRITEBACK);
    assert_int_equal(guarded_write(bytes + COUNT - 1, 1), SIGBUS);
    assert_in_range(resident_bytes(bytes, COUNT), 1, 512 * KIB);
    for (size_t at = 0; at < changed; at += page_size())
        assert_int_equal(bytes[at], 1); /* nothing lost */

    store_fails(&store, 0, 0);
    assert_ok(ufo_touch(region, COUNT - 1, 1));
    assert_pattern(bytes + COUNT - 1, COUNT - 1, 1);
    for (size_t at = changed; at < COUNT; at += page_size())
        bytes[at] = 1;
    assert_ok(ufo_flush(region, 0, COUNT));
    for (size_t at = 0; at < COUNT; at++)
        if (store.bytes[at] != (at % page_size() ? pattern(at) : 1))
            fail_msg("byte %zu of the store", at);
    ufo_core_free(core);
    store_destroy(&store);
}

/* Now and then: nobody notices but the counters. */
static void sometimes(void **state)
{
    (void)state;
    ufo_core *core = begin_core(256 * KIB);
    struct store store;
    store_init(&store, COUNT, 1);
    ufo *region = store_region(core, &store, 1);
    unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < COUNT; at += 512) {
        if (at % (32 * KIB) == 0)
            store_fails(&store, 5, 1);
        bytes[at] = 3;
    }
    store_fails(&store, 0, 0);
    for (size_t at = 0; at < COUNT; at++)
        if (bytes[at] != (at % 512 ? pattern(at) : 3))
            fail_msg("byte %zu is %#x", at, bytes[at]);
    assert_ok(ufo_flush(region, 0, COUNT));
    assert_memory_equal(store.bytes, bytes, COUNT);
    ufo_core_free(core);
    store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flush_reports_it),
        cmocka_unit_test(the_others_are_flushed),
        cmocka_unit_test(under_pressure),
        cmocka_unit_test(sometimes),
    };
    return RUN(tests);
}
