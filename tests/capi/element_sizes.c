/* SPDX-License-Identifier: MIT */
/* Elements of any size; the last chunk of the array is a partial one. */
#include "support/support.h"

static const size_t sizes[] = {1, 2, 3, 7, 8, 12, 24, 1000, 4096, 4097, 5000, (1 << 20) + 1};
#define BUDGET (16 * MIB)

static size_t count_for(size_t size)
{
    size_t count = 300000 / size;
    return count < 3 ? 3 : count | 1;
}

/* Frames that are used again must not show through behind the end of an array. */
static void soil_the_frames(ufo_core *core)
{
    const size_t length = rounds_for(8, 4) * MIB; /* more than any of the arrays */
    ufo *region = zero_region(core, length, 0);
    memset(ufo_data(region), 0xFF, length);
    assert_ok(ufo_evict(region, 0, length));
    ufo_free(region);
}

static void assert_rest_of_page_is_zero(const unsigned char *bytes, size_t length)
{
    size_t rest = (page_size() - length % page_size()) % page_size();
    assert_true(all_zero(bytes + length, rest));
}

static void values(void **state)
{
    (void)state;
    begin_test(60);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i], count = count_for(size), length = count * size;
        ufo_core *core = new_core(BUDGET);
        soil_the_frames(core);
        struct source source = {0};
        ufo *region = source_region(core, &source, count, size, 1);
        assert_int_equal(ufo_count(region), count);
        assert_int_equal(ufo_element_size(region), size);
        const unsigned char *bytes = ufo_data(region);

        assert_int_equal(bytes[length - 1], pattern(length - 1)); /* the partial chunk first, alone */
        assert_rest_of_page_is_zero(bytes, length);
        assert_pattern(bytes, 0, length);

        assert_ok(ufo_evict(region, 0, count));
        assert_pattern(bytes, 0, length);
        assert_rest_of_page_is_zero(bytes, length);
        ufo_core_free(core);
        assert_int_equal(atomic_load(&source.outside), 0); /* populate was never asked past the end */
        assert_int_equal(atomic_load(&source.frees), 1);
    }
}

static void changed_values_return(void **state)
{
    (void)state;
    begin_test(60);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i], count = count_for(size), length = count * size;
        ufo_core *core = new_core(BUDGET);
        struct source source = {0};
        ufo *region = source_region(core, &source, count, size, 1);
        unsigned char *bytes = ufo_data(region);
        size_t step = count < 7 ? 2 : 7;

        for (size_t element = 0; element < count; element += step)
            memset(bytes + element * size, (int)(element % 251), size);
        assert_ok(ufo_evict(region, 0, count));
        assert_int_equal(resident_bytes(bytes, length), 0);
        for (size_t element = 0; element < count; element++) {
            const unsigned char *at = bytes + element * size;
            if (element % step != 0)
                assert_pattern(at, element * size, size);
            else
                for (size_t byte = 0; byte < size; byte++)
                    if (at[byte] != element % 251)
                        fail_msg("size %zu: element %zu, byte %zu is %#x", size, element, byte, at[byte]);
        }
        assert_rest_of_page_is_zero(bytes, length);
        ufo_core_free(core);
    }
}

static void one_element(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct source source = {0};
        ufo *region = source_region(core, &source, 1, sizes[i], 0);
        assert_pattern(ufo_data(region), 0, sizes[i]);
        assert_rest_of_page_is_zero(ufo_data(region), sizes[i]);
        ufo_free(region);
        assert_int_equal(atomic_load(&source.outside), 0);
    }
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(changed_values_return),
        cmocka_unit_test(one_element),
    };
    return RUN(tests);
}
