/* SPDX-License-Identifier: MIT */
/* Arrays far larger than the machine, and sizes that fit nowhere. */
#include "support/support.h"

static void touch_sparsely(size_t length, size_t chunk)
{
    ufo_core *core = begin_core(8 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, length / 8, 8, chunk);
    const unsigned char *bytes = ufo_data(region);
    const size_t places = rounds_for(1000, 300);
    for (size_t i = 0; i < places; i++) {
        size_t at = (length / places * i) & ~(size_t)7;
        assert_pattern(bytes + at, at, 8);
    }
    assert_pattern(bytes + length - 8, length - 8, 8);
    assert_ok(ufo_touch(region, length / 16, 1));
    uint64_t element = 0;
    assert_ok(ufo_read(region, length / 8 - 1, 1, &element));
    assert_pattern(&element, length - 8, 8);
    assert_in_range(core_stats(core).peak_bytes, 1, 8 * MIB);
    ufo_free(region);
    ufo_core_free(core);
    assert_int_equal(atomic_load(&source.frees), 1);
}

static void one_tebibyte(void **state)
{
    (void)state;
    touch_sparsely(TIB, 0);
}

static void one_tebibyte_in_pages(void **state)
{
    (void)state;
    touch_sparsely(TIB, 1);
}

/* Half of the address space that a process has; a quarter where the library maps everything twice. */
static void sixty_four_tebibytes(void **state)
{
    (void)state;
    if (UNDER_SANITIZER)
        SKIP_TEST("the shadow memory of the sanitizers needs the address space");
    ufo_core *core = begin_core(MIB);
    bool twice = uses_protect(core);
    ufo_core_free(core);
    touch_sparsely(twice ? 32 * TIB : 64 * TIB, 0);
}

/* Changes work there, too. */
static void changes_at_the_far_end(void **state)
{
    (void)state;
    ufo_core *core = begin_core(8 * MIB);
    ufo *region = zero_region(core, TIB, 0);
    volatile unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < TIB; at += 8 * GIB)
        bytes[at] = 7;
    bytes[TIB - 1] = 9;
    assert_ok(ufo_evict(region, 0, TIB));
    for (size_t at = 0; at < TIB; at += 8 * GIB)
        assert_int_equal(bytes[at], 7);
    assert_int_equal(bytes[TIB - 1], 9);
    ufo_core_free(core);
}

static void sizes_that_do_not_fit(void **state)
{
    (void)state;
    ufo_core *core = begin_core(8 * MIB);
    static const size_t sizes[][3] = {
        {SIZE_MAX, 2, 0},
        {SIZE_MAX / 2 + 1, 2, 0},
        {SIZE_MAX, 1, 0},
        {1, SIZE_MAX, 0},
        {(size_t)1 << 32, (size_t)1 << 32, 0},
        {(size_t)1 << 48, 8, 0},
        {SIZE_MAX - 4095, 1, 0},
        {8, 8, SIZE_MAX},
        {8, 8, SIZE_MAX - 4096},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ufo_config *config = ufo_config_new();
        ufo_status status = ufo_config_set_elements(config, sizes[i][0], sizes[i][1]);
        if (status == UFO_OK)
            status = ufo_config_set_header(config, sizes[i][2]);
        if (status == UFO_OK)
            assert_null(ufo_new(core, config));
        else
            assert_int_equal(status, UFO_ERR_OVERFLOW);
        assert_string_not_equal(ufo_last_error(), "");
        ufo_config_free(config);
    }
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_tebibyte),          cmocka_unit_test(one_tebibyte_in_pages),
        cmocka_unit_test(sixty_four_tebibytes),  cmocka_unit_test(changes_at_the_far_end),
        cmocka_unit_test(sizes_that_do_not_fit),
    };
    return RUN(tests);
}
