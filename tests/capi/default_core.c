/* SPDX-License-Identifier: MIT */
/* The process's default core: made at its first use, by whoever comes first. */
#include "support/support.h"

struct meeting {
    pthread_barrier_t start;
    ufo_core *cores[8];
    ATOMIC(size_t) next;
};

static void *ask(void *argument)
{
    struct meeting *meeting = argument;
    size_t number = atomic_fetch_add(&meeting->next, 1);
    pthread_barrier_wait(&meeting->start);
    meeting->cores[number] = ufo_core_default();
    return NULL;
}

static void *free_default(void *said)
{
    ufo_core_free(ufo_core_default());
    atomic_store((ATOMIC(bool) *)said, strlen(ufo_last_error()) > 0); /* a new thread: nothing was there before */
    return NULL;
}

/* It is nobody's to free: refused, and everything goes on. */
static void assert_cannot_be_freed(ufo_core *core)
{
    struct source source = {0};
    ufo *region = source_region(NULL, &source, MIB, 1, 0);
    ATOMIC(bool) said = false;
    struct team team;
    team_start(&team, 1, free_default, &said);
    team_join(&team);
    assert_true(atomic_load(&said));
    assert_int_equal(atomic_load(&source.frees), 0);
    assert_int_equal(core_stats(core).regions, 1);
    assert_ok(ufo_touch(region, 0, MIB));
    assert_pattern(ufo_data(region), 0, MIB);
    ufo_core_free(core);
    assert_string_not_equal(ufo_last_error(), "");
    assert_ptr_equal(ufo_core_default(), core);
    ufo *another = zero_region(NULL, MIB, 0);
    assert_true(all_zero(ufo_data(another), MIB));
    ufo_free(another);
    ufo_free(region);
    assert_int_equal(atomic_load(&source.frees), 1);
}

/* One test only: the core lives as long as the process. */
static void is_one_and_serves_null(void **state)
{
    (void)state;
    begin_test(60);
    struct meeting meeting = {.next = 0};
    pthread_barrier_init(&meeting.start, NULL, 8);
    struct team team;
    team_start(&team, 8, ask, &meeting);
    team_join(&team);
    ufo_core *core = ufo_core_default();
    assert_non_null(core);
    for (size_t i = 0; i < 8; i++)
        assert_ptr_equal(meeting.cores[i], core);

    struct source source = {0};
    ufo *region = source_region(NULL, &source, 1 << 20, 8, 0);
    assert_pattern(ufo_data(region), 0, 8 * MIB);
    assert_ptr_equal(ufo_find(NULL, ufo_data(region)), region);
    ufo_core_stats stats = core_stats(core);
    assert_int_equal(stats.regions, 1);
    assert_true(stats.budget_bytes >= 8 * MIB); /* half of what there is */
    ufo_free(region);
    assert_int_equal(atomic_load(&source.frees), 1);

    ufo_core *own = new_core(MIB); /* one of our own beside it */
    assert_ptr_not_equal(own, core);
    ufo *other = zero_region(own, MIB, 0);
    assert_null(ufo_find(NULL, ufo_data(other)));
    ufo_core_free(own);
    assert_ptr_equal(ufo_core_default(), core);
    assert_cannot_be_freed(core);
    pthread_barrier_destroy(&meeting.start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_one_and_serves_null)};
    return RUN(tests);
}
