/* SPDX-License-Identifier: MIT */
/* The budget can be changed while regions are in use. */
#include "support/support.h"

enum { LENGTH = 32 << 20 };

static ATOMIC(bool) over;
static ATOMIC(size_t) wrong;

static void *scan(void *argument)
{
    const volatile unsigned char *bytes = argument;
    while (!atomic_load(&over))
        for (size_t at = 0; at < LENGTH && !atomic_load(&over); at += 4096)
            if (bytes[at] != pattern(at))
                atomic_fetch_add(&wrong, 1);
    return NULL;
}

static size_t resident(const ufo *region) { return resident_bytes(ufo_data(region), LENGTH); }

static void down_and_up(void **state)
{
    (void)state;
    ufo_core *core = begin_core(16 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    assert_pattern(ufo_data(region), 0, LENGTH);
    assert_true(resident(region) > 8 * MIB);

    assert_ok(ufo_core_set_budget(core, 2 * MIB));
    assert_in_range(resident(region), 0, 2 * MIB); /* on return, not some time later */
    assert_in_range(core_stats(core).used_bytes, 0, 2 * MIB);
    assert_int_equal(core_stats(core).budget_bytes, 2 * MIB);
    assert_pattern(ufo_data(region), 0, LENGTH);
    assert_in_range(resident(region), 0, 2 * MIB);

    assert_ok(ufo_core_set_budget(core, 64 * MIB));
    assert_pattern(ufo_data(region), 0, LENGTH);
    assert_int_equal(resident(region), LENGTH); /* everything fits now */
    assert_ok(ufo_core_set_budget(core, 0));    /* the default */
    assert_true(core_stats(core).budget_bytes > 0);
    ufo_core_free(core);
}

static void while_running(void **state)
{
    (void)state;
    ufo_core *core = begin_core(16 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    size_t other = process_resident(); /* mincore() would look at one page after the other, while they come and go */
    struct team team;
    atomic_store(&over, false);
    atomic_store(&wrong, 0);
    team_start(&team, 2, scan, ufo_data(region));
    static const size_t budgets[] = {4, 16, 2, 8, 3, 32, 2, 16};
    size_t failed = 0, above = 0;
    for (int round = 0; round < 40; round++) {
        size_t budget = budgets[round % 8] * MIB;
        if (ufo_core_set_budget(core, budget) != UFO_OK)
            failed++;
        for (int i = 0; i < 5; i++) {
            if (!UNDER_SANITIZER && process_resident() > other + budget + MIB)
                above++;
            sleep_ms(1);
        }
    }
    atomic_store(&over, true);
    team_join(&team);
    assert_int_equal(failed, 0);
    assert_int_equal(above, 0);
    assert_int_equal(atomic_load(&wrong), 0);
    ufo_core_free(core);
}

/* Changed chunks are written away before the call returns. */
static void changed_chunks_leave(void **state)
{
    (void)state;
    ufo_core *core = begin_core(16 * MIB);
    ufo *region = zero_region(core, 12 * MIB, 0);
    pattern_fill(ufo_data(region), 0, 12 * MIB);
    assert_ok(ufo_core_set_budget(core, MIB));
    assert_in_range(resident_bytes(ufo_data(region), 12 * MIB), 0, MIB);
    assert_pattern(ufo_data(region), 0, 12 * MIB);
    ufo_core_free(core);
}

/* Pinned chunks cannot leave: then the old budget stays. */
static void pinned_chunks_hold_it(void **state)
{
    (void)state;
    ufo_core *core = begin_core(8 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    assert_ok(ufo_pin(region, 0, 4 * MIB));
    assert_status(ufo_core_set_budget(core, 2 * MIB), UFO_ERR_BUDGET);
    assert_int_equal(core_stats(core).budget_bytes, 8 * MIB);
    assert_int_equal(resident_bytes(ufo_data(region), 4 * MIB), 4 * MIB);
    assert_pattern(ufo_data(region), 0, LENGTH);
    assert_ok(ufo_unpin(region, 0, 4 * MIB));
    assert_ok(ufo_core_set_budget(core, 2 * MIB));
    assert_in_range(resident(region), 0, 2 * MIB);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(down_and_up),
        cmocka_unit_test(while_running),
        cmocka_unit_test(changed_chunks_leave),
        cmocka_unit_test(pinned_chunks_hold_it),
    };
    return RUN(tests);
}
