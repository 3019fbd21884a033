/* SPDX-License-Identifier: MIT */
/* A long array read through its plain pointer, inside a budget that is a small part of it. */
#include "support/support.h"

enum { BUDGET_MIB = 16 };
static size_t length;

static ufo_core *core;
static struct source source;
static ufo *region;

static void setup(void)
{
    core = begin_core(BUDGET_MIB * MIB);
    memset(&source, 0, sizeof source);
    region = source_region(core, &source, length / sizeof(uint64_t), sizeof(uint64_t), 0);
}

static void finish(void)
{
    assert_in_range(resident_bytes(ufo_data(region), length), 0, BUDGET_MIB * MIB);
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET_MIB * MIB);
    ufo_free(region);
    ufo_core_free(core);
    assert_int_equal(atomic_load(&source.outside), 0);
    assert_int_equal(atomic_load(&source.frees), 1);
}

static void forward(void **state)
{
    (void)state;
    setup();
    assert_pattern(ufo_data(region), 0, length);
    assert_true(region_stats(region).populated_bytes >= length);
    finish();
}

static void backward(void **state)
{
    (void)state;
    setup();
    const unsigned char *bytes = ufo_data(region);
    for (size_t at = length, end = length - rounds_for(64, 32) * MIB; at > end; at -= 4096)
        assert_pattern(bytes + at - 4096, at - 4096, 4096);
    finish();
}

static void strided(void **state)
{
    (void)state;
    setup();
    const unsigned char *bytes = ufo_data(region);
    for (size_t at = 5; at < length; at += 192 * KIB + 8)
        assert_int_equal(bytes[at], pattern(at));
    finish();
}

static void any_order(void **state)
{
    (void)state;
    setup();
    const unsigned char *bytes = ufo_data(region);
    uint64_t random = 1;
    for (size_t i = 0, loads = rounds_for(5000, 1500); i < loads; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        size_t at = (size_t)(random >> 20) % length;
        assert_int_equal(bytes[at], pattern(at));
    }
    finish();
}

int main(void)
{
    length = rounds_for(512, 128) * MIB;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward),
        cmocka_unit_test(backward),
        cmocka_unit_test(strided),
        cmocka_unit_test(any_order),
    };
    return RUN(tests);
}
