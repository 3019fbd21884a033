/* SPDX-License-Identifier: MIT */
/* How many elements are populated together. */
#include "support/support.h"

#define BUDGET (4 * MIB)

static size_t chunk_of(ufo_core *core, size_t element_size, size_t min_elements)
{
    struct source source = {0};
    ufo *region = source_region(core, &source, 1 << 20, element_size, min_elements);
    size_t chunk = ufo_chunk(region);
    ufo_free(region);
    return chunk;
}

static void whole_pages_and_whole_elements(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    size_t page = page_size();
    assert_int_equal(chunk_of(core, 8, 0), 65536 / 8); /* the default: 64 KiB */
    assert_int_equal(chunk_of(core, 8, 1), page / 8);
    assert_int_equal(chunk_of(core, 8, page / 8), page / 8);
    assert_int_equal(chunk_of(core, 8, page / 8 + 1), 2 * page / 8);
    assert_int_equal(chunk_of(core, 24, 1) * 24 % page, 0);
    assert_int_equal(chunk_of(core, 100, 1) * 100 % page, 0);
    assert_true(chunk_of(core, 24, 1000) >= 1000);
    assert_true(chunk_of(core, 1000, 1) >= 1);
    assert_true(chunk_of(core, 5000, 1) >= 1);
    assert_true(chunk_of(core, 5000, 20) >= 20);
    assert_true(chunk_of(core, MIB / 2 + 1, 1) >= 1);
    ufo_core_free(core);
}

/* With RANDOM, what was asked for is filled, and nothing more. */
static void an_access_fills_its_chunk(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, 1 << 16, 8, 1);
    const uint64_t *elements = ufo_data(region);
    size_t chunk = ufo_chunk(region), page = page_size();
    assert_ok(ufo_advise(region, 0, 1 << 16, UFO_ADVICE_RANDOM));

    assert_pattern(&elements[chunk * 4 + 3], (chunk * 4 + 3) * 8, 8);
    assert_int_equal(atomic_load(&source.elements), chunk);
    assert_int_equal(resident_bytes(elements, (1 << 16) * 8), page);
    assert_int_equal(resident_bytes(&elements[chunk * 4], page), page);
    assert_pattern(&elements[chunk * 4], chunk * 4 * 8, page); /* the rest of the chunk costs nothing */
    assert_int_equal(atomic_load(&source.elements), chunk);
    ufo_core_free(core);
}

static void longer_than_the_array(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, 10, 8, 1 << 16);
    assert_pattern(ufo_data(region), 0, 80);
    assert_int_equal(atomic_load(&source.elements), 10);
    ufo_free(region);
    ufo_core_free(core);
}

/* A chunk that can never be resident is refused, at once or when it is touched; it does not hang. */
static void larger_than_the_budget(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, 16 * MIB, 1));
    assert_ok(ufo_config_set_chunk(config, 4 * MIB));
    ufo *region = ufo_new(core, config);
    if (region)
        assert_status(ufo_touch(region, 0, 1), UFO_ERR_BUDGET);
    assert_string_not_equal(ufo_last_error(), "");
    ufo_config_free(config);
    ufo_core_free(core);
}

/* Any size_t is a "least number of elements": refused, or as good as the whole array, but never a wrap-around. */
static void absurd(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    static const size_t absurd_sizes[] = {SIZE_MAX, SIZE_MAX / 8, SIZE_MAX - 4095, (size_t)1 << 63};
    for (size_t i = 0; i < 4; i++) {
        struct source source = {.count = 1000, .element_size = 8};
        ufo_config *config = ufo_config_new();
        assert_ok(ufo_config_set_elements(config, 1000, 8));
        assert_ok(ufo_config_set_populate(config, source_populate, &source, NULL));
        if (ufo_config_set_chunk(config, absurd_sizes[i]) == UFO_OK) {
            ufo *region = ufo_new(core, config);
            if (region)
                assert_pattern(ufo_data(region), 0, 8000);
            else
                assert_string_not_equal(ufo_last_error(), "");
            ufo_free(region);
        }
        ufo_config_free(config);
    }
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_pages_and_whole_elements),
        cmocka_unit_test(an_access_fills_its_chunk),
        cmocka_unit_test(longer_than_the_array),
        cmocka_unit_test(larger_than_the_budget),
        cmocka_unit_test(absurd),
    };
    return RUN(tests);
}
