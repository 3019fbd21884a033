/* SPDX-License-Identifier: MIT */
/* Regions and cores that are freed while other threads are inside calls and faults on them. */
#include "support/support.h"

enum { LENGTH = 8 << 20, THREADS = 4 };

struct busy {
    ufo *region;
    const unsigned char *bytes;
    ATOMIC(size_t) calls, wrong, closed, signals;
    ATOMIC(bool) over;
};

/* Calls, until the region is gone: OK or CLOSED, and nothing else. */
static void *call_until_closed(void *argument)
{
    struct busy *busy = argument;
    uint64_t random = (uintptr_t)&random;
    unsigned char buffer[100];
    for (;;) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        size_t at = (size_t)(random >> 20) % (LENGTH - 100);
        ufo_status status =
            (random >> 50) % 2 ? ufo_touch(busy->region, at, 100) : ufo_read(busy->region, at, 100, buffer);
        atomic_fetch_add(&busy->calls, 1);
        if (status == UFO_ERR_CLOSED)
            break;
        if (status != UFO_OK)
            atomic_fetch_add(&busy->wrong, 1);
    }
    atomic_fetch_add(&busy->closed, 1);
    return NULL;
}

/* Loads, until there is a signal: right values before. */
static void *load_until_signal(void *argument)
{
    struct busy *busy = argument;
    uint64_t random = (uintptr_t)&random;
    for (;;) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        size_t at = (size_t)(random >> 20) % LENGTH;
        uint8_t value;
        int signal_number = guarded_read(busy->bytes + at, &value);
        if (signal_number == SIGBUS || signal_number == SIGSEGV)
            break;
        if (signal_number != 0 || value != pattern(at))
            atomic_fetch_add(&busy->wrong, 1);
        atomic_fetch_add(&busy->calls, 1);
    }
    atomic_fetch_add(&busy->signals, 1);
    return NULL;
}

/* Loads all the time; there is no telling what is at the addresses after the region. */
static void *load_until_over(void *argument)
{
    struct busy *busy = argument;
    uint64_t random = (uintptr_t)&random;
    while (!atomic_load(&busy->over)) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        (void)guarded_peek(busy->bytes + (size_t)(random >> 20) % LENGTH);
        atomic_fetch_add(&busy->calls, 1);
    }
    return NULL;
}

/* Faults that come while the region is being freed are refused, and do not outlast it. */
static void ended_when_freed(void **state)
{
    (void)state;
    ufo_core *core = begin_core(1 * MIB);
    for (size_t round = 0, rounds = rounds_for(200, 30); round < rounds; round++) {
        struct source source = {0};
        struct busy busy = {.region = source_region(core, &source, LENGTH, 1, 0)};
        busy.bytes = ufo_data(busy.region);
        struct team team;
        team_start(&team, THREADS, load_until_over, &busy);
        while (atomic_load(&busy.calls) < 50)
            sleep_ms(1);
        ufo_free(busy.region);
        unsigned frees = atomic_load(&source.frees);
        atomic_store(&busy.over, true);
        team_join(&team);
        assert_int_equal(frees, 1);
    }
    ufo_core_free(core);
}

static void free_while(void *(*body)(void *), bool whole_core)
{
    for (size_t round = 0, rounds = rounds_for(10, 4); round < rounds; round++) {
        ufo_core *core = new_core(1 * MIB);
        struct source source = {.delay_ms = round % 3 == 0 ? 1 : 0};
        struct busy busy = {.region = source_region(core, &source, LENGTH, 1, 0)};
        busy.bytes = ufo_data(busy.region);
        struct team team;
        team_start(&team, THREADS, body, &busy);
        while (atomic_load(&busy.calls) < 200)
            sleep_ms(1);
        if (whole_core)
            ufo_core_free(core);
        else
            ufo_free(busy.region);
        assert_int_equal(atomic_load(&source.frees), 1); /* no call is in flight any more */
        team_join(&team);
        assert_int_equal(atomic_load(&busy.wrong), 0);
        assert_int_equal(atomic_load(&busy.closed) + atomic_load(&busy.signals), THREADS);
        if (!whole_core)
            ufo_core_free(core);
    }
}

static void region_during_calls(void **state)
{
    (void)state;
    begin_test(60);
    free_while(call_until_closed, false);
}

static void core_during_calls(void **state)
{
    (void)state;
    begin_test(60);
    free_while(call_until_closed, true);
}

static void region_during_faults(void **state)
{
    (void)state;
    begin_test(60);
    free_while(load_until_signal, false);
}

/* Two threads free the same region: one of them does it. */
static void *free_it(void *argument)
{
    ufo_free(argument);
    return NULL;
}

static void twice_at_once(void **state)
{
    (void)state;
    ufo_core *core = begin_core(1 * MIB);
    for (size_t round = 0, rounds = rounds_for(100, 25); round < rounds; round++) {
        struct source source = {0};
        ufo *region = source_region(core, &source, LENGTH, 1, 0);
        assert_ok(ufo_touch(region, 0, 1000));
        struct team team;
        team_start(&team, 2, free_it, region);
        team_join(&team);
        assert_int_equal(atomic_load(&source.frees), 1);
    }
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(region_during_calls),
        cmocka_unit_test(core_during_calls),
        cmocka_unit_test(region_during_faults),
        cmocka_unit_test(ended_when_freed),
        cmocka_unit_test(twice_at_once),
    };
    return RUN(tests);
}
