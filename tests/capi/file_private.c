/* SPDX-License-Identifier: MIT */
/* Without UFO_FILE_WRITEBACK the changes of a file region are its own. */
#include "support/support.h"

#include <sys/stat.h>

enum { SIZE = 4000003 };
#define BUDGET (512 * KIB)

static void changes_stay_private(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    const char *path = temp_file(SIZE);
    ufo *region = file_region(core, path, 0, SIZE, 1, 0);
    unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < SIZE; at += 777)
        bytes[at] = (unsigned char)~pattern(at);
    for (size_t at = 0; at < SIZE; at++)
        if (bytes[at] != (at % 777 ? pattern(at) : (unsigned char)~pattern(at)))
            fail_msg("byte %zu is %#x", at, bytes[at]);
    assert_ok(ufo_flush(region, 0, SIZE));
    assert_ok(ufo_evict(region, 0, SIZE));
    assert_int_equal(bytes[777], (unsigned char)~pattern(777));
    ufo_free(region);
    assert_int_equal(file_pattern_mismatch(path, 0, SIZE), SIZE); /* the file never heard of it */
    assert_int_equal(file_size(path), SIZE);
    ufo_core_free(core);
}

static void each_region_has_its_own(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    const char *path = temp_file(SIZE);
    ufo *first = file_region(core, path, 0, SIZE, 1, 0), *second = file_region(core, path, 0, SIZE, 1, 0);
    memset(ufo_data(first), 1, SIZE);
    assert_pattern(ufo_data(second), 0, SIZE);
    for (size_t at = 0; at < SIZE; at++)
        assert_int_equal(((unsigned char *)ufo_data(first))[at], 1);
    ufo_core_free(core);
}

/* A file that may only be read is good enough for private changes. */
static void of_a_read_only_file(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    const char *path = temp_file(SIZE);
    assert_int_equal(chmod(path, 0444), 0);
    ufo *region = file_region(core, path, 0, SIZE, 1, 0);
    ((unsigned char *)ufo_data(region))[5] = 200;
    assert_ok(ufo_evict(region, 0, SIZE));
    assert_int_equal(((unsigned char *)ufo_data(region))[5], 200);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_stay_private),
        cmocka_unit_test(each_region_has_its_own),
        cmocka_unit_test(of_a_read_only_file),
    };
    return RUN(tests);
}
