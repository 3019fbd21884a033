/* SPDX-License-Identifier: MIT */
/* Arrays of the numbers from + i * step, made by the library itself. */
#include "support/support.h"

#include <float.h>
#include <math.h>

static ufo_config *config_of(size_t count, size_t element_size)
{
    ufo_config *config = ufo_config_new();
    assert_non_null(config);
    assert_ok(ufo_config_set_elements(config, count, element_size));
    return config;
}

static ufo *finish_config(ufo_core *core, ufo_config *config)
{
    ufo *region = ufo_new(core, config);
    if (!region)
        fail_msg("ufo_new: %s", ufo_last_error());
    ufo_config_free(config);
    return region;
}

static ufo *int_region(ufo_core *core, size_t count, size_t element_size, int64_t from, int64_t step)
{
    ufo_config *config = config_of(count, element_size);
    assert_ok(ufo_config_set_sequence_int(config, from, step));
    return finish_config(core, config);
}

static ufo *real_region(ufo_core *core, size_t count, size_t element_size, double from, double step)
{
    ufo_config *config = config_of(count, element_size);
    assert_ok(ufo_config_set_sequence_real(config, from, step));
    return finish_config(core, config);
}

static uint64_t element_at(const void *array, size_t element_size, size_t i)
{
    switch (element_size) {
    case 1:
        return ((const uint8_t *)array)[i];
    case 2:
        return ((const uint16_t *)array)[i];
    case 4:
        return ((const uint32_t *)array)[i];
    default:
        return ((const uint64_t *)array)[i];
    }
}

static uint64_t expected_int(size_t element_size, size_t i, int64_t from, int64_t step)
{
    uint64_t value = (uint64_t)from + (uint64_t)i * (uint64_t)step;
    return element_size == 8 ? value : value & ((UINT64_C(1) << (8 * element_size)) - 1);
}

/* Each element of a region that is several chunks long and ends inside one; by fault and by call. */
static void integers(ufo_core *core, int64_t from, int64_t step)
{
    enum { COUNT = 100003 };
    for (size_t size = 1; size <= 8; size *= 2) {
        ufo *region = int_region(core, COUNT, size, from, step);
        const void *array = ufo_data(region);
        for (size_t i = 0; i < COUNT; i++)
            if (element_at(array, size, i) != expected_int(size, i, from, step))
                fail_msg("%zu bytes, from %lld, step %lld: element %zu is %llx", size, (long long)from, (long long)step, i,
                         (unsigned long long)element_at(array, size, i));
        assert_ok(ufo_evict(region, 0, COUNT));
        uint64_t value = 0;
        assert_ok(ufo_read(region, COUNT - 1, 1, &value));
        assert_int_equal(element_at(&value, size, 0), expected_int(size, COUNT - 1, from, step));
        ufo_free(region);
    }
}

static void integers_of_all_sizes(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    integers(core, 0, 1);
    integers(core, 5, 3);
    integers(core, 42, 0);
    ufo_core_free(core);
}

static void negative_steps(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    integers(core, 100, -1);
    integers(core, -7, -1000003);
    ufo *region = int_region(core, 1000, sizeof(int32_t), 10, -7);
    assert_int_equal(((int32_t *)ufo_data(region))[999], 10 - 7 * 999);
    ufo_core_free(core);
}

static void numbers_wrap_around(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    integers(core, INT64_MAX, 1);
    integers(core, INT64_MIN, INT64_MIN);
    integers(core, INT64_MIN, -1);
    integers(core, -1, INT64_MAX);
    ufo *region = int_region(core, 1000, sizeof(int8_t), 120, 1);
    assert_int_equal(((int8_t *)ufo_data(region))[8], -128);
    ufo_core_free(core);
}

/* from + i * step with one rounding: as fma() says. */
static void check_reals(ufo_core *core, double from, double step)
{
    enum { COUNT = 70001 };
    ufo *doubles = real_region(core, COUNT, sizeof(double), from, step);
    ufo *floats = real_region(core, COUNT, sizeof(float), from, step);
    const double *d = ufo_data(doubles);
    const float *f = ufo_data(floats);
    for (size_t i = 0; i < COUNT; i++) {
        const double expected = fma((double)i, step, from);
        if (memcmp(&d[i], &expected, sizeof expected) != 0)
            fail_msg("double %zu is %a, not %a", i, d[i], expected);
        if (f[i] != (float)expected)
            fail_msg("float %zu is %a, not %a", i, (double)f[i], expected);
    }
    ufo_free(doubles);
    ufo_free(floats);
}

static void reals(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    check_reals(core, 0, 1);
    check_reals(core, 1e9, 0.1);
    check_reals(core, -3.5, -1.0 / 3);
    check_reals(core, 1e-300, 1e-305);
    check_reals(core, -FLT_MAX, 7e33);

    ufo *infinite = real_region(core, 10, sizeof(double), 0, INFINITY);
    assert_true(isnan(((double *)ufo_data(infinite))[0])); /* 0 * infinity */
    assert_true(isinf(((double *)ufo_data(infinite))[1]));
    ufo_core_free(core);
}

/* The setters may come in any order, so only ufo_new() can tell. */
static void wrong_sizes(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    static const size_t sizes[] = {3, 5, 6, 7, 12, 16, 24, 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ufo_config *config = config_of(100, sizes[i]);
        assert_ok(ufo_config_set_sequence_int(config, 0, 1));
        assert_null(ufo_new(core, config));
        assert_error_names("1, 2, 4 or 8 bytes");
        ufo_config_free(config);
    }
    static const size_t not_real[] = {1, 2, 3, 10, 16};
    for (size_t i = 0; i < sizeof not_real / sizeof not_real[0]; i++) {
        ufo_config *config = ufo_config_new();
        assert_ok(ufo_config_set_sequence_real(config, 0, 1));
        assert_null(ufo_new(core, config)); /* no elements yet */
        assert_ok(ufo_config_set_elements(config, 100, not_real[i]));
        assert_null(ufo_new(core, config));
        assert_error_names("float");
        assert_ok(ufo_config_set_elements(config, 100, 8)); /* corrected */
        ufo *region = ufo_new(core, config);
        assert_non_null(region);
        assert_true(((double *)ufo_data(region))[99] == 99);
        ufo_free(region);
        ufo_config_free(config);
    }
    ufo_core_free(core);
}

static void other_sources_are_replaced(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    struct source source = {.count = 1000, .element_size = 8};
    ufo_config *config = config_of(1000, 8);
    assert_ok(ufo_config_set_populate(config, source_populate, &source, source_free));
    assert_ok(ufo_config_set_sequence_int(config, 1, 2));
    assert_int_equal(atomic_load(&source.frees), 1);
    ufo *numbers = ufo_new(core, config);
    assert_non_null(numbers);
    assert_int_equal(((uint64_t *)ufo_data(numbers))[500], 1001);

    assert_ok(ufo_config_set_file(config, temp_file(8000), 0, 0));
    ufo *file = ufo_new(core, config);
    assert_non_null(file);
    assert_pattern(ufo_data(file), 0, 8000);

    /* Nobody takes changes but a populate callback's partner. */
    struct store store;
    store_init(&store, 1000, 8);
    assert_ok(ufo_config_set_sequence_int(config, 0, 1));
    assert_ok(ufo_config_set_writeback(config, store_writeback, &store, store_free));
    assert_null(ufo_new(core, config));
    assert_error_names("writeback");
    ufo_config_free(config);
    store_destroy(&store);
    ufo_core_free(core);
}

/* Terabytes of numbers: only what is looked at is made. */
static void beyond_2_gib(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    const size_t count = UNDER_SANITIZER ? 4 * GIB : TIB;
    ufo *region = int_region(core, count, 8, -1000, 3);
    ufo *bytes = int_region(core, 5 * GIB, 1, 7, 5);
    ufo *real = real_region(core, count, 8, 0.5, 0.1);
    assert_ok(ufo_advise(region, 0, count, UFO_ADVICE_RANDOM));
    static const size_t places[] = {0, (size_t)1 << 28, ((size_t)1 << 31) - 1, (size_t)1 << 31, ((size_t)1 << 32) - 1};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_int_equal(((int64_t *)ufo_data(region))[places[i]], -1000 + 3 * (int64_t)places[i]);
        assert_int_equal(((uint8_t *)ufo_data(bytes))[places[i]], (uint8_t)(7 + 5 * places[i]));
        assert_true(((double *)ufo_data(real))[places[i]] == fma((double)places[i], 0.1, 0.5));
    }
    assert_int_equal(((int64_t *)ufo_data(region))[count - 1], -1000 + 3 * (int64_t)(count - 1));
    int64_t across[3000];
    const size_t first = ((size_t)1 << 31) - 1500;
    assert_ok(ufo_read(region, first, 3000, across));
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(across[i], -1000 + 3 * (int64_t)(first + i));
    assert_true(region_stats(region).populated_bytes < 100 * MIB);
    ufo_core_free(core);
}

static void changes_are_kept(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    enum { COUNT = 1 << 20 };
    ufo *region = int_region(core, COUNT, 8, 0, 1);
    int64_t *array = ufo_data(region);
    for (size_t i = 0; i < COUNT; i += 1000)
        array[i] = -(int64_t)i;
    for (size_t i = 0; i < COUNT; i++)
        if (array[i] != (i % 1000 ? (int64_t)i : -(int64_t)i))
            fail_msg("element %zu is %lld", i, (long long)array[i]);
    assert_true(region_stats(region).spill_read_bytes > 0);
    assert_ok(ufo_reset(region, 0, COUNT));
    assert_int_equal(array[5000], 5000);
    ufo_free(region);
    assert_int_equal(core_stats(core).spilled_bytes, 0);
    ufo_core_free(core);
}

static void read_only_numbers(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo_config *config = config_of(1 << 20, 4);
    assert_ok(ufo_config_set_read_only(config, 1));
    assert_ok(ufo_config_set_sequence_int(config, 3, 1));
    ufo *region = finish_config(core, config);
    const uint32_t *array = ufo_data(region);
    for (uint32_t i = 0; i < 1 << 20; i++)
        if (array[i] != i + 3)
            fail_msg("element %u is %u", i, array[i]);
    assert_status(ufo_write(region, 0, 1, array), UFO_ERR_READ_ONLY);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_of_all_sizes),
        cmocka_unit_test(negative_steps),
        cmocka_unit_test(numbers_wrap_around),
        cmocka_unit_test(reals),
        cmocka_unit_test(wrong_sizes),
        cmocka_unit_test(other_sources_are_replaced),
        cmocka_unit_test(beyond_2_gib),
        cmocka_unit_test(changes_are_kept),
        cmocka_unit_test(read_only_numbers),
    };
    return RUN(tests);
}
