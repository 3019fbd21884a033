/* SPDX-License-Identifier: MIT */
/* Calls on a core while another thread frees it: they succeed, or say UFO_ERR_CLOSED. */
#include "support/support.h"

#include <malloc.h>
#include <sched.h>

enum { THREADS = 2 };

struct race {
    ufo_core *core;
    ATOMIC(bool) stop;
    ATOMIC(size_t) calls, closed, wrong;
    ATOMIC(ufo_status) strange;
};

static void judge(struct race *race, ufo_status status)
{
    atomic_fetch_add(&race->calls, 1);
    if (status == UFO_ERR_CLOSED) {
        atomic_fetch_add(&race->closed, 1);
    } else if (status != UFO_OK) {
        atomic_store(&race->strange, status);
        atomic_fetch_add(&race->wrong, 1);
    }
}

static void *ask(void *argument)
{
    struct race *race = argument;
    ufo_core_stats stats = {.struct_size = sizeof stats};
    while (!atomic_load(&race->stop))
        judge(race, ufo_core_stats_get(race->core, &stats));
    return NULL;
}

static void *ask_more(void *argument)
{
    struct race *race = argument;
    while (!atomic_load(&race->stop)) {
        ufo_delivery delivery = ufo_core_delivery(race->core);
        judge(race, delivery > 0 ? UFO_OK : delivery);
        (void)ufo_core_features(race->core);
        if (ufo_find(race->core, race))
            atomic_fetch_add(&race->wrong, 1);
    }
    return NULL;
}

static void *change(void *argument)
{
    struct race *race = argument;
    for (size_t i = 0; !atomic_load(&race->stop); i++)
        judge(race, ufo_core_set_budget(race->core, (4 + i % 3) * MIB));
    return NULL;
}

static void *make_regions(void *argument)
{
    struct race *race = argument;
    ufo_config *config = ufo_config_new();
    (void)ufo_config_set_elements(config, 1000, 8);
    for (size_t i = 0; !atomic_load(&race->stop); i++) {
        ufo *region = ufo_new(race->core, config);
        if (region)
            judge(race, ufo_touch(region, 0, 1000));
        else
            atomic_fetch_add(&race->closed, 1);
        if (i % 2)
            ufo_free(region); /* or the core does */
    }
    ufo_config_free(config);
    return NULL;
}

static void *free_it(void *argument)
{
    ufo_core_free(((struct race *)argument)->core);
    return NULL;
}

/* One thread frees it, or several do, of which all but one are refused. */
static void race_with(void *(*call)(void *race), size_t frees)
{
    begin_watched(60);
    mallopt(M_PERTURB, 0xa5); /* what is freed is not readable by chance */
    for (size_t i = 0, cores = rounds_for(100, 20); i < cores; i++) {
        struct race race = {.core = new_core(4 * MIB)};
        struct team callers, ends;
        team_start(&callers, THREADS, call, &race);
        while (atomic_load(&race.calls) < i % 20 * 10)
            sched_yield();
        team_start(&ends, frees, free_it, &race);
        team_join(&ends);
        ufo_core_stats stats = {.struct_size = sizeof stats};
        assert_status(ufo_core_stats_get(race.core, &stats), UFO_ERR_CLOSED);
        while (atomic_load(&race.closed) == 0) /* whoever comes now is told so */
            sched_yield();
        atomic_store(&race.stop, true);
        team_join(&callers);
        if (atomic_load(&race.wrong) != 0)
            fail_msg("%zu calls gave something else, such as %s", atomic_load(&race.wrong),
                     ufo_status_string(atomic_load(&race.strange)));
    }
}

static void figures(void **state) { (void)state, race_with(ask, 1); }
static void questions(void **state) { (void)state, race_with(ask_more, 1); }
static void another_budget(void **state) { (void)state, race_with(change, 1); }
static void new_regions(void **state) { (void)state, race_with(make_regions, 1); }
static void another_free(void **state) { (void)state, race_with(ask_more, 3); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures),     cmocka_unit_test(questions),    cmocka_unit_test(another_budget),
        cmocka_unit_test(new_regions), cmocka_unit_test(another_free),
    };
    return RUN(tests);
}
