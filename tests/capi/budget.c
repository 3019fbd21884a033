/* SPDX-License-Identifier: MIT */
/* The budget is hard: the kernel's own count stays inside it at every moment, frames in between included. */
#include "support/support.h"

#define BUDGET (24 * MIB)
#define LENGTH (64 * MIB)
/* Stacks and arenas of the threads here, and what the library needs besides where all of the budget is in use at once. */
#define SLACK (2 * MIB)

enum { REGIONS = 4 };

struct run {
    ufo *regions[REGIONS];
    size_t length; /* of each */
    ATOMIC(size_t) next;
    ATOMIC(size_t) wrong;
    ATOMIC(bool) over;
    ATOMIC(size_t) highest;
    ATOMIC(size_t) samples;
};

/* Scans one region forward, and changes every 16th page. */
static void *scan(void *argument)
{
    struct run *run = argument;
    size_t number = atomic_fetch_add(&run->next, 1);
    unsigned char *bytes = ufo_data(run->regions[number]);
    size_t page = page_size();
    for (int round = 0; round < 2; round++)
        for (size_t at = 0; at < run->length; at += page) {
            if (bytes[at + 1] != pattern(at + 1))
                atomic_fetch_add(&run->wrong, 1);
            if (at / page % 16 == 0)
                bytes[at + 8] = (unsigned char)(round + 1);
        }
    return NULL;
}

static void *sample(void *argument)
{
    struct run *run = argument;
    while (!atomic_load(&run->over)) {
        size_t now = process_resident();
        if (now > atomic_load(&run->highest))
            atomic_store(&run->highest, now);
        atomic_fetch_add(&run->samples, 1);
        sleep_ms(1);
    }
    return NULL;
}

static ufo_core_stats work(struct run *run, size_t budget)
{
    static const size_t chunks[REGIONS] = {4 * KIB, 64 * KIB, 256 * KIB, 1 * MIB};
    ufo_core *core = new_core(budget);
    struct source sources[REGIONS] = {{0}};
    memset(run, 0, sizeof *run);
    run->length = rounds_for(LENGTH / MIB, 16) * MIB;
    for (size_t i = 0; i < REGIONS; i++)
        run->regions[i] = source_region(core, &sources[i], run->length, 1, chunks[i]);
    struct team scanners, sampler;
    process_peak_reset();
    team_start(&sampler, 1, sample, run);
    team_start(&scanners, REGIONS, scan, run);
    team_join(&scanners);
    atomic_store(&run->over, true);
    team_join(&sampler);
    ufo_core_stats stats = core_stats(core);
    size_t resident = 0;
    for (size_t i = 0; i < REGIONS; i++)
        resident += resident_bytes(ufo_data(run->regions[i]), run->length);
    assert_in_range(resident, 1, budget); /* everything stands still: exact */
    ufo_core_free(core);
    return stats;
}

static void kernel_counted(void **state)
{
    (void)state;
    begin_test(120);
    if (UNDER_SANITIZER)
        SKIP_TEST("the sanitizers keep memory of their own");
    struct run run;
    work(&run, 8 * MIB); /* brings stacks, tables and arenas into memory */
    assert_int_equal(atomic_load(&run.wrong), 0);
    size_t private_before = process_resident(), rss_before = process_rss();
    ufo_core_stats stats = work(&run, BUDGET);

    assert_int_equal(atomic_load(&run.wrong), 0);
    assert_true(atomic_load(&run.samples) > 10);
    assert_in_range(stats.peak_bytes, 1, BUDGET);
    size_t highest = atomic_load(&run.highest) - private_before;
    if (highest > BUDGET + SLACK)
        fail_msg("resident: %zu KiB above the budget", (highest - BUDGET) / KIB);
    assert_true(highest > BUDGET / 2);         /* the measurement sees the regions at all */
    size_t peak = process_peak() - rss_before; /* between the samples, too */
    if (peak > BUDGET + SLACK)
        fail_msg("peak: %zu KiB above the budget", (peak - BUDGET) / KIB);
    print_message("budget %zu KiB, peak %zu KiB\n", BUDGET / KIB, peak / KIB);
}

/* After everything has left, the memory is the machine's again. */
static void memory_is_given_back(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    size_t before = process_resident();
    ufo *region = zero_region(core, LENGTH, 0);
    pattern_fill(ufo_data(region), 0, LENGTH);
    ufo_free(region);
    assert_int_equal(core_stats(core).regions, 0);
    ufo_core_free(core);
    if (!UNDER_SANITIZER)
        assert_true(process_resident() < before + SLACK);
}

/* What the library needs besides, down to chunks of a page.  (It has to remember more of chunks in the spill, where each of these goes if changes are not known.) */
static void tables_and_stacks_are_inside(void **state)
{
    (void)state;
    if (UNDER_SANITIZER)
        SKIP_TEST("the sanitizers keep memory of their own");
    begin_test(60);
    static const size_t chunks[] = {0, 4 * KIB};
    const size_t inexact = 128 * KIB * (size_t)sysconf(_SC_NPROCESSORS_ONLN); /* of the kernel's figures, from 6.2 to 6.15 */
    for (size_t i = 0; i < 2; i++) {
        struct source source = {0};
        const size_t before = process_resident();
        ufo_core *core = new_core(BUDGET);
        ufo *region = source_region(core, &source, 4 * BUDGET, 1, knows_changes(core) ? chunks[i] : 0);
        const volatile unsigned char *bytes = ufo_data(region);
        for (size_t at = 0; at < 4 * BUDGET; at += 4 * KIB) {
            assert_int_equal(bytes[at + 1], pattern(at + 1));
            if (at % (256 * KIB) == 0) {
                const size_t now = process_resident() - before;
                if (now > BUDGET + inexact)
                    fail_msg("resident: %zu KiB above the budget", (now - BUDGET) / KIB);
            }
        }
        assert_true(process_resident() - before > BUDGET / 2);
        ufo_core_free(core);
    }
}

/* Between the watermarks room is made before anybody has to wait for it. */
static void room_is_made_ahead(void **state)
{
    (void)state;
    begin_test(60);
    ufo_core_config *config = ufo_core_config_new();
    assert_ok(ufo_core_config_set_budget(config, 16 * MIB));
    assert_ok(ufo_core_config_set_watermarks(config, 50, 100));
    ufo_core *core = ufo_core_new(config);
    assert_non_null(core);
    ufo_core_config_free(config);
    ufo *region = zero_region(core, LENGTH, 0);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_RANDOM));
    unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < 15 * MIB; at += 4096) /* fits: nothing has to leave yet */
        bytes[at] = pattern(at);
    for (uint64_t end = now_ms() + 20000; region_stats(region).resident_bytes > 12 * MIB && now_ms() < end;)
        sleep_ms(5);
    assert_in_range(region_stats(region).resident_bytes, MIB, 12 * MIB);
    for (size_t at = 0; at < 15 * MIB; at += 4096)
        assert_int_equal(bytes[at], pattern(at));
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(kernel_counted), cmocka_unit_test(memory_is_given_back),
                                       cmocka_unit_test(tables_and_stacks_are_inside), cmocka_unit_test(room_is_made_ahead)};
    return RUN(tests);
}
