/* SPDX-License-Identifier: MIT */
/* ufo_read and ufo_write: copies of any range, whether it is resident or not. */
#include "support/support.h"

enum { COUNT = 100003 };
#define BUDGET (512 * KIB)

static const size_t ranges[][2] = {
    {0, 1}, {0, COUNT}, {1, 1}, {COUNT - 1, 1}, {169, 3}, {170, 1024}, {341, 1}, {511, 2}, {4095, 4097}, {50000, 50003},
};

static void read_any_range(void **state)
{
    (void)state;
    begin_test(60);
    static const size_t sizes[] = {1, 8, 12, 24, 100};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size_t size = sizes[s];
        ufo_core *core = new_core(BUDGET);
        struct source source = {0};
        ufo *region = source_region(core, &source, COUNT, size, 1);
        unsigned char *copy = malloc(COUNT * size + 1);
        for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
            size_t length = ranges[i][1] * size;
            memset(copy, 0, length + 1);
            copy[length] = 0xEE;
            assert_ok(ufo_read(region, ranges[i][0], ranges[i][1], copy));
            assert_pattern(copy, ranges[i][0] * size, length);
            assert_int_equal(copy[length], 0xEE);
        }
        free(copy);
        ufo_core_free(core);
    }
}

static void write_any_range(void **state)
{
    (void)state;
    begin_test(60);
    static const size_t sizes[] = {1, 8, 12, 24, 100};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size_t size = sizes[s];
        ufo_core *core = new_core(BUDGET);
        struct source source = {0};
        ufo *region = source_region(core, &source, COUNT, size, 1);
        unsigned char *expected = malloc(COUNT * size), *values = malloc(COUNT * size);
        pattern_fill(expected, 0, COUNT * size);
        for (size_t i = sizeof ranges / sizeof ranges[0]; i-- > 0;) {
            size_t length = ranges[i][1] * size;
            memset(values, (int)i + 1, length);
            memset(expected + ranges[i][0] * size, (int)i + 1, length);
            assert_ok(ufo_write(region, ranges[i][0], ranges[i][1], values));
        }
        assert_memory_equal(ufo_data(region), expected, COUNT * size);
        assert_ok(ufo_evict(region, 0, COUNT));
        assert_ok(ufo_read(region, 0, COUNT, values));
        assert_memory_equal(values, expected, COUNT * size);
        free(expected);
        free(values);
        ufo_core_free(core);
    }
}

/* A region that is the source or the target itself is a pointer like any other. */
static void between_regions(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *from = source_region(core, &source, COUNT, 8, 0);
    ufo *to = zero_region(core, (size_t)COUNT * 8, 0);
    assert_ok(ufo_write(to, 0, (size_t)COUNT * 8, ufo_data(from)));
    assert_pattern(ufo_data(to), 0, (size_t)COUNT * 8);
    ufo_core_free(core);
}

static void range_errors(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, COUNT, 8, 0);
    static const size_t bad[][2] = {
        {0, COUNT + 1}, {COUNT, 1},           {COUNT + 1, 0},    {COUNT - 1, 2},        {SIZE_MAX, 1},
        {1, SIZE_MAX},  {SIZE_MAX, SIZE_MAX}, {SIZE_MAX / 8, 1}, {SIZE_MAX / 8 + 2, 1}, {0, SIZE_MAX / 8 + 2},
    };
    uint64_t buffer[4] = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t first = bad[i][0], count = bad[i][1];
        assert_status(ufo_read(region, first, count, buffer), UFO_ERR_RANGE);
        assert_status(ufo_write(region, first, count, buffer), UFO_ERR_RANGE);
        assert_status(ufo_touch(region, first, count), UFO_ERR_RANGE);
        assert_status(ufo_pin(region, first, count), UFO_ERR_RANGE);
        assert_status(ufo_pin_write(region, first, count), UFO_ERR_RANGE);
        assert_status(ufo_unpin(region, first, count), UFO_ERR_RANGE);
        assert_status(ufo_flush(region, first, count), UFO_ERR_RANGE);
        assert_status(ufo_evict(region, first, count), UFO_ERR_RANGE);
        assert_status(ufo_reset(region, first, count), UFO_ERR_RANGE);
        assert_status(ufo_advise(region, first, count, UFO_ADVICE_WILLNEED), UFO_ERR_RANGE);
    }
    assert_int_equal(atomic_load(&source.calls), 0); /* nothing was done before the range was checked */
    assert_ok(ufo_read(region, COUNT, 0, buffer));
    assert_ok(ufo_write(region, 0, 0, buffer));
    assert_ok(ufo_read(region, 0, 0, NULL)); /* nothing is copied */
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_any_range),
        cmocka_unit_test(write_any_range),
        cmocka_unit_test(between_regions),
        cmocka_unit_test(range_errors),
    };
    return RUN(tests);
}
