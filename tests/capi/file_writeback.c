/* SPDX-License-Identifier: MIT */
/* UFO_FILE_WRITEBACK: changes go to the file, and to no byte outside the array. */
#include "support/support.h"

enum { SIZE = 3000017, OFFSET = 12345, LENGTH = 2500001 };
#define BUDGET (512 * KIB)

static unsigned char changed(size_t at) { return (unsigned char)(at % 500 ? pattern(at) : ~pattern(at)); }

static void change_all(unsigned char *bytes)
{
    for (size_t at = 0; at < LENGTH; at++)
        if ((OFFSET + at) % 500 == 0)
            bytes[at] = changed(OFFSET + at);
    bytes[LENGTH - 1] = 42;
}

static void assert_file_changed(const char *path)
{
    FILE *file = fopen(path, "rb");
    unsigned char *content = malloc(SIZE);
    assert_non_null(file);
    assert_int_equal(file_size(path), SIZE);
    assert_int_equal(fread(content, 1, SIZE, file), SIZE);
    fclose(file);
    assert_int_equal(pattern_mismatch(content, 0, OFFSET), OFFSET);
    for (size_t at = OFFSET; at < OFFSET + LENGTH - 1; at++)
        if (content[at] != changed(at))
            fail_msg("byte %zu of the file is %#x", at, content[at]);
    assert_int_equal(content[OFFSET + LENGTH - 1], 42);
    assert_pattern(content + OFFSET + LENGTH, OFFSET + LENGTH, SIZE - OFFSET - LENGTH);
    free(content);
}

static void flush_writes_the_file(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    const char *path = temp_file(SIZE);
    ufo *region = file_region(core, path, OFFSET, LENGTH, 1, UFO_FILE_WRITEBACK);
    change_all(ufo_data(region));
    assert_ok(ufo_flush(region, 0, LENGTH));
    assert_file_changed(path);
    for (size_t at = 0; at < LENGTH - 1; at++)
        if (((unsigned char *)ufo_data(region))[at] != changed(OFFSET + at))
            fail_msg("byte %zu", at);
    assert_int_equal(core_stats(core).spill_written_bytes, 0);
    ufo_core_free(core);
}

static void free_writes_the_file(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    const char *path = temp_file(SIZE);
    ufo *region = file_region(core, path, OFFSET, LENGTH, 0, UFO_FILE_WRITEBACK);
    change_all(ufo_data(region));
    ufo_free(region);
    assert_file_changed(path);
    ufo_core_free(core);
}

/* Up to the very end of the file, whose last page is a partial one. */
static void the_file_does_not_grow(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    const char *path = temp_file(SIZE);
    ufo *region = file_region(core, path, 0, SIZE, 1, UFO_FILE_WRITEBACK);
    unsigned char last = 1;
    assert_ok(ufo_write(region, SIZE - 1, 1, &last));
    assert_ok(ufo_flush(region, SIZE - 1, 1));
    assert_int_equal(file_size(path), SIZE);
    assert_int_equal(file_pattern_mismatch(path, 0, SIZE), SIZE - 1);
    ufo_free(region);
    assert_int_equal(file_size(path), SIZE);
    ufo_core_free(core);
}

/* Two windows on one file that meet inside a page: neither writes the other's bytes. */
static void neighbours_do_not_disturb_each_other(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    const char *path = temp_file(100000);
    ufo *low = file_region(core, path, 0, 50001, 1, UFO_FILE_WRITEBACK);
    ufo *high = file_region(core, path, 50001, 49999, 1, UFO_FILE_WRITEBACK);
    memset(ufo_data(low), 1, 50001);
    memset(ufo_data(high), 2, 49999);
    assert_ok(ufo_flush(high, 0, 49999));
    assert_ok(ufo_flush(low, 0, 50001));
    FILE *file = fopen(path, "rb");
    for (size_t at = 0; at < 100000; at++)
        assert_int_equal(getc(file), at < 50001 ? 1 : 2);
    fclose(file);
    ufo_core_free(core);
}

static void reading_does_not_write(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    const char *path = temp_file(SIZE);
    ufo *region = file_region(core, path, 0, SIZE, 1, UFO_FILE_WRITEBACK);
    assert_pattern(ufo_data(region), 0, SIZE);
    assert_ok(ufo_flush(region, 0, SIZE));
    if (knows_changes(core))
        assert_int_equal(region_stats(region).written_back_bytes, 0);
    assert_int_equal(file_pattern_mismatch(path, 0, SIZE), SIZE);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flush_writes_the_file),  cmocka_unit_test(free_writes_the_file),
        cmocka_unit_test(the_file_does_not_grow), cmocka_unit_test(neighbours_do_not_disturb_each_other),
        cmocka_unit_test(reading_does_not_write),
    };
    return RUN(tests);
}
