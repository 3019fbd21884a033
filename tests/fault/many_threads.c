/* SPDX-License-Identifier: MIT */
/* 64 threads that fault at the same moment. */
#include "support/support.h"

enum { THREADS = 64, PER_THREAD = 256 * 1024, LENGTH = THREADS * PER_THREAD };

struct crowd {
    const volatile unsigned char *bytes;
    pthread_barrier_t start;
    ATOMIC(size_t) next, wrong;
    bool same;
};

static void *load(void *argument)
{
    struct crowd *crowd = argument;
    size_t number = atomic_fetch_add(&crowd->next, 1);
    for (size_t i = 0; i < PER_THREAD; i += 16 * KIB) {
        size_t at = crowd->same ? i + number : number * PER_THREAD + i;
        pthread_barrier_wait(&crowd->start);
        if (crowd->bytes[at] != pattern(at))
            atomic_fetch_add(&crowd->wrong, 1);
    }
    return NULL;
}

static void run(size_t budget, uint32_t workers, bool same)
{
    begin_test(60);
    ufo_core_config *config = ufo_core_config_new();
    assert_ok(ufo_core_config_set_budget(config, budget));
    assert_ok(ufo_core_config_set_workers(config, workers));
    ufo_core *core = ufo_core_new(config);
    assert_non_null(core);
    ufo_core_config_free(config);
    struct source source = {.delay_ms = 2};
    ufo *region = source_region(core, &source, LENGTH, 1, 16 * KIB);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_RANDOM));
    struct crowd crowd = {.bytes = ufo_data(region), .same = same};
    pthread_barrier_init(&crowd.start, NULL, THREADS);
    struct team team;
    team_start(&team, THREADS, load, &crowd);
    team_join(&team);
    pthread_barrier_destroy(&crowd.start);
    assert_int_equal(atomic_load(&crowd.wrong), 0);
    if (same)
        assert_int_equal(atomic_load(&source.elements), PER_THREAD); /* each chunk once, for everybody */
    assert_in_range(core_stats(core).peak_bytes, 1, budget);
    ufo_core_free(core);
}

static void on_different_chunks(void **state)
{
    (void)state;
    run(32 * MIB, 64, false);
}

static void on_the_same_chunk(void **state)
{
    (void)state;
    run(32 * MIB, 64, true);
}

static void with_two_workers(void **state)
{
    (void)state;
    run(32 * MIB, 2, false);
}

/* 64 fills of 16 KiB in a budget of 512 KiB: some have to wait for others, none fails. */
static void with_a_budget_for_half_of_them(void **state)
{
    (void)state;
    run(512 * KIB, 64, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_different_chunks),
        cmocka_unit_test(on_the_same_chunk),
        cmocka_unit_test(with_two_workers),
        cmocka_unit_test(with_a_budget_for_half_of_them),
    };
    return RUN(tests);
}
