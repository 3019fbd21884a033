/* SPDX-License-Identifier: MIT */
/* A file that becomes shorter while it is an array: an error beyond its end, never zeros. */
#include "support/support.h"

enum { LENGTH = 1 << 20 };

static void reads(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    static const int flags[] = {0, UFO_FILE_DIRECT, UFO_FILE_WRITEBACK};
    for (size_t i = 0; i < 3; i++) {
        const char *path = temp_file(LENGTH);
        ufo *region = file_region(core, path, 0, LENGTH, 1, flags[i]);
        const unsigned char *bytes = ufo_data(region);
        uint8_t value;
        assert_int_equal(truncate(path, LENGTH / 2 + 100), 0);

        assert_pattern(bytes, 0, LENGTH / 2);
        assert_status(ufo_touch(region, LENGTH - 1, 1), UFO_ERR_TRUNCATED);
        assert_status(ufo_touch(region, LENGTH - 1, 1), UFO_ERR_TRUNCATED); /* still */
        assert_int_equal(guarded_read(bytes + LENGTH - 10000, &value), SIGBUS);
        assert_status(ufo_touch(region, LENGTH / 2, 1), UFO_ERR_TRUNCATED); /* a chunk that is there in part */
        assert_status(ufo_touch(region, 0, LENGTH), UFO_ERR_TRUNCATED);
        assert_pattern(bytes, 0, LENGTH / 2);

        assert_int_equal(truncate(path, LENGTH), 0); /* the new part of the file is zeros, and so is the array */
        assert_ok(ufo_reset(region, 0, LENGTH));
        assert_pattern(bytes, 0, LENGTH / 2 + 100);
        assert_true(all_zero(bytes + LENGTH / 2 + 100, LENGTH / 2 - 100));
        ufo_free(region);
    }
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads)};
    return RUN(tests);
}
