/* SPDX-License-Identifier: MIT */
/* ufo_pin_write: a pinned range that counts as changed, so that stores to it meet no fault. */
#include "support/support.h"

enum { LENGTH = 1 << 20 };
#define BUDGET (256 * KIB)

static void the_kernel_may_store_there(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 1);
    unsigned char *bytes = ufo_data(region);
    for (int resident = 0; resident < 2; resident++) { /* absent before, or resident and clean */
        size_t at = resident ? 5 * page_size() : 0;
        if (resident)
            assert_pattern(bytes + at, at, page_size());
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], "from the kernel", 15), 15);
        assert_ok(ufo_pin_write(region, at + 100, 15));
        assert_int_equal(read(ends[0], bytes + at + 100, 15), 15);
        assert_ok(ufo_unpin(region, at + 100, 15));
        close(ends[0]);
        close(ends[1]);
        assert_ok(ufo_evict(region, 0, LENGTH));
        assert_memory_equal(bytes + at + 100, "from the kernel", 15);
        assert_pattern(bytes + at, at, 100);
    }
    ufo_core_free(core);
}

static void counts_as_changed(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct store store;
    store_init(&store, LENGTH, 1);
    ufo *region = store_region(core, &store, 1);
    unsigned char *bytes = ufo_data(region);
    assert_ok(ufo_pin_write(region, 0, 10));
    assert_int_equal(region_stats(region).pins, 1);
    uint64_t faults = region_stats(region).faults;
    bytes[3] = 99;
    assert_int_equal(region_stats(region).faults, faults);
    assert_ok(ufo_flush(region, 0, 1));
    assert_int_equal(store.bytes[3], 99);
    bytes[3] = 98; /* after a flush it is watched like any other */
    assert_ok(ufo_unpin(region, 0, 10));
    assert_ok(ufo_evict(region, 0, 1));
    assert_int_equal(store.bytes[3], 98);
    assert_int_equal(bytes[3], 98);
    ufo_core_free(core);
    store_destroy(&store);
}

static void is_a_pin(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = zero_region(core, LENGTH, 1);
    unsigned char *bytes = ufo_data(region);
    assert_ok(ufo_pin_write(region, 0, 1));
    assert_ok(ufo_pin(region, 0, 1));
    assert_ok(ufo_pin_write(region, 0, 1));
    bytes[0] = 1;
    memset(bytes + page_size(), 2, LENGTH - page_size()); /* four times the budget */
    assert_int_equal(resident_bytes(bytes, 1), page_size());
    assert_status(ufo_evict(region, 0, 1), UFO_ERR_PINNED);
    for (int i = 0; i < 3; i++)
        assert_ok(ufo_unpin(region, 0, 1));
    assert_status(ufo_unpin(region, 0, 1), UFO_ERR_NOT_PINNED);
    assert_ok(ufo_evict(region, 0, LENGTH));
    assert_int_equal(bytes[0], 1);
    assert_int_equal(bytes[LENGTH - 1], 2);
    ufo_core_free(core);
}

static void nothing_stays_pinned_after_an_error(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = zero_region(core, LENGTH, 1);
    assert_status(ufo_pin_write(region, 0, LENGTH), UFO_ERR_BUDGET);
    assert_int_equal(region_stats(region).pins, 0);
    assert_ok(ufo_evict(region, 0, LENGTH));

    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_read_only(config, 1));
    ufo *read_only = ufo_new(core, config);
    assert_status(ufo_pin_write(read_only, 0, 1), UFO_ERR_READ_ONLY);
    assert_int_equal(region_stats(read_only).pins, 0);
    ufo_config_free(config);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_may_store_there),
        cmocka_unit_test(counts_as_changed),
        cmocka_unit_test(is_a_pin),
        cmocka_unit_test(nothing_stays_pinned_after_an_error),
    };
    return RUN(tests);
}
