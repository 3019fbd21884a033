/* SPDX-License-Identifier: MIT */
/* ufo_core_free ends all regions of the core. */
#include "support/support.h"

static void ends_its_regions(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    struct store store;
    store_init(&store, 10000, 8);
    const char *path = temp_file(10000);
    ufo *regions[] = {
        source_region(core, &source, 10000, 8, 0),
        store_region(core, &store, 0),
        file_region(core, path, 0, 10000, 0, UFO_FILE_WRITEBACK),
        zero_region(core, 10000, 0),
    };
    unsigned char *data[4];
    for (size_t i = 0; i < 4; i++) {
        data[i] = ufo_data(regions[i]);
        data[i][9999] = 11;
    }
    ufo_core_free(core);
    for (size_t i = 0; i < 4; i++) {
        uint8_t value;
        assert_status(ufo_touch(regions[i], 0, 1), UFO_ERR_CLOSED);
        assert_int_equal(guarded_read(data[i], &value), SIGSEGV);
        ufo_free(regions[i]); /* refused, harmless */
    }
    assert_int_equal(atomic_load(&source.frees), 1);
    assert_int_equal(atomic_load(&store.frees), 2);
    assert_int_equal(store.bytes[9999], 11); /* changes went where changes go */
    assert_int_equal(file_pattern_mismatch(path, 0, 10000), 9999);
    store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends_its_regions)};
    return RUN(tests);
}
