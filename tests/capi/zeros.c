/* SPDX-License-Identifier: MIT */
/* A region without a source: zeros, whose changes are kept in the spill file. */
#include "support/support.h"

#define BUDGET (2 * MIB)
static size_t length;

static void begins_as_zeros(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = zero_region(core, length, 0);
    assert_true(all_zero(ufo_data(region), length));
    assert_ok(ufo_flush(region, 0, length));
    if (knows_changes(core))
        assert_int_equal(core_stats(core).spilled_bytes, 0); /* nothing was changed: nothing to keep */
    ufo_core_free(core);
}

static void changes_survive(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = zero_region(core, length, 0);
    unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < length; at += 64 * KIB)
        pattern_fill(bytes + at, at, 64 * KIB);
    assert_true(region_stats(region).spill_written_bytes >= length - BUDGET);
    assert_true(core_stats(core).spilled_bytes >= length - BUDGET);
    assert_pattern(bytes, 0, length);
    assert_true(region_stats(region).spill_read_bytes > 0);

    /* Changed again after they were spilled: the newer value counts. */
    for (size_t at = 0; at < length; at += 1000)
        bytes[at] = (unsigned char)~pattern(at);
    for (size_t at = 0; at < length; at++)
        if (bytes[at] != (at % 1000 ? pattern(at) : (unsigned char)~pattern(at)))
            fail_msg("byte %zu is %#x", at, bytes[at]);
    ufo_free(region);
    assert_int_equal(core_stats(core).spilled_bytes, 0); /* the file's room is given back */
    ufo_core_free(core);
}

/* Zeros stored over something are a change like any other. */
static void zeros_over_values(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = zero_region(core, length, 0);
    unsigned char *bytes = ufo_data(region);
    memset(bytes, 0xAA, length);
    memset(bytes, 0, length);
    assert_true(all_zero(bytes, length));
    ufo_core_free(core);
}

static void one_byte_in_each_page(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = zero_region(core, length, 1);
    volatile unsigned char *bytes = ufo_data(region);
    size_t page = page_size();
    for (size_t at = 0; at < length; at += page)
        bytes[at + at / page % page] = 1;
    for (size_t at = 0; at < length; at += page) {
        assert_int_equal(bytes[at + at / page % page], 1);
        assert_int_equal(bytes[at + (at / page + 1) % page], 0);
    }
    ufo_core_free(core);
}

int main(void)
{
    length = rounds_for(16, 6) * MIB;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_as_zeros),
        cmocka_unit_test(changes_survive),
        cmocka_unit_test(zeros_over_values),
        cmocka_unit_test(one_byte_in_each_page),
    };
    return RUN(tests);
}
