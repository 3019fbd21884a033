/* SPDX-License-Identifier: MIT */
/* An array that is the content of a file. */
#include "support/support.h"

enum { SIZE = 1000003 }; /* not a multiple of anything */
#define BUDGET (512 * KIB)

static void from_any_offset(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    const char *path = temp_file(SIZE);
    static const size_t offsets[] = {0, 1, 123, 4096, 4097, 65536, SIZE - 1};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        size_t offset = offsets[i], length = SIZE - offset;
        ufo *region = file_region(core, path, offset, length, 1, 0);
        const unsigned char *bytes = ufo_data(region);
        assert_pattern(bytes, offset, length);
        assert_true(all_zero(bytes + length, (page_size() - length % page_size()) % page_size()));
        ufo_free(region);
    }
    ufo_core_free(core);
}

/* Elements of 24 bytes, a header, and fewer of them than the file has. */
static void elements_in_a_read_only_region(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    size_t count = SIZE / 24 / 2;
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, count, 24));
    assert_ok(ufo_config_set_header(config, 8));
    assert_ok(ufo_config_set_read_only(config, 1));
    assert_ok(ufo_config_set_file(config, temp_file(SIZE), 77, 0));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    assert_pattern(ufo_data(region), 77, count * 24);
    unsigned char element[48];
    assert_ok(ufo_read(region, count - 2, 2, element));
    assert_pattern(element, 77 + (count - 2) * 24, 48);
    ufo_config_free(config);
    ufo_core_free(core);
}

/* The file is opened when it is named: what happens to the name afterwards does not matter. */
static void stays_open(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    const char *path = temp_file(SIZE);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, SIZE, 1));
    assert_ok(ufo_config_set_file(config, path, 0, 0));
    assert_int_equal(unlink(path), 0);
    ufo *first = ufo_new(core, config), *second = ufo_new(core, config);
    assert_non_null(first);
    assert_non_null(second);
    ufo_config_free(config);
    ufo_free(first);
    assert_pattern(ufo_data(second), 0, SIZE);
    ufo_core_free(core);
}

/* Past the end of the file there is nothing: an error, never zeros. */
static void longer_than_the_file(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, 2 * SIZE, 1));
    assert_ok(ufo_config_set_file(config, temp_file(SIZE), 0, 0));
    ufo *region = ufo_new(core, config);
    if (region) {
        uint8_t value;
        assert_pattern(ufo_data(region), 0, SIZE / 2);
        assert_status(ufo_touch(region, SIZE + 100000, 1), UFO_ERR_TRUNCATED);
        assert_int_equal(guarded_read((uint8_t *)ufo_data(region) + SIZE + 100000, &value), SIGBUS);
    } else {
        assert_string_not_equal(ufo_last_error(), "");
    }
    ufo_config_free(config);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_any_offset),
        cmocka_unit_test(elements_in_a_read_only_region),
        cmocka_unit_test(stays_open),
        cmocka_unit_test(longer_than_the_file),
    };
    return RUN(tests);
}
