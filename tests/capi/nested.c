/* SPDX-License-Identifier: MIT */
/* Populate callbacks that use other lazy regions. */
#include "support/support.h"

enum { COUNT = 1 << 18, DEPTH = 32 };

/* Element i of a level is element i of the level below, plus one. */
struct level {
    ufo *below;
    bool by_call;
    ATOMIC(int) frees;
};

static int32_t one_more(void *user_data, size_t first, size_t count, void *out)
{
    struct level *level = user_data;
    const uint64_t *from = level->below ? ufo_data(level->below) : NULL;
    uint64_t *to = out;
    for (size_t i = 0; i < count; i++) {
        uint64_t value = first + i;
        if (from && !level->by_call)
            value = from[first + i];
        else if (from && ufo_read(level->below, first + i, 1, &value) != UFO_OK)
            return 1;
        to[i] = value + 1;
    }
    return 0;
}

static void level_free(void *user_data) { atomic_fetch_add(&((struct level *)user_data)->frees, 1); }

static ufo *make(ufo_core *core, struct level *level, size_t chunk)
{
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 8));
    assert_ok(ufo_config_set_chunk(config, chunk));
    assert_ok(ufo_config_set_populate(config, one_more, level, level_free));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    return region;
}

static void chain(size_t budget, size_t depth, bool by_call)
{
    ufo_core *core = begin_core(budget);
    struct level levels[DEPTH] = {{0}};
    ufo *below = NULL;
    for (size_t i = 0; i < depth; i++) {
        levels[i].below = below;
        levels[i].by_call = by_call;
        below = make(core, &levels[i], 1);
    }
    const volatile uint64_t *top = ufo_data(below);
    for (size_t i = 0; i < COUNT; i += COUNT / 16)
        assert_int_equal(top[i], i + depth);
    uint64_t value = 0;
    assert_ok(ufo_read(below, COUNT - 1, 1, &value)); /* the callbacks run in this thread now */
    assert_int_equal(value, COUNT - 1 + depth);
    assert_in_range(core_stats(core).peak_bytes, 1, budget);
    ufo_core_free(core);
    for (size_t i = 0; i < depth; i++)
        assert_int_equal(atomic_load(&levels[i].frees), 1);
}

static void two_levels_by_pointer(void **state)
{
    (void)state;
    chain(1 * MIB, 2, false);
}

static void two_levels_by_call(void **state)
{
    (void)state;
    chain(1 * MIB, 2, true);
}

static void thirty_two_levels(void **state)
{
    (void)state;
    chain(8 * MIB, DEPTH, false);
}

static void thirty_two_levels_with_two_workers(void **state)
{
    (void)state;
    begin_test(60);
    ufo_core_config *config = ufo_core_config_new();
    assert_ok(ufo_core_config_set_budget(config, 8 * MIB));
    assert_ok(ufo_core_config_set_workers(config, 2)); /* nested faults get a thread beyond this number */
    ufo_core *core = ufo_core_new(config);
    assert_non_null(core);
    struct level levels[DEPTH] = {{0}};
    ufo *below = NULL;
    for (size_t i = 0; i < DEPTH; i++) {
        levels[i].below = below;
        below = make(core, &levels[i], 1);
    }
    assert_int_equal(((const uint64_t *)ufo_data(below))[77], 77 + DEPTH);
    ufo_core_config_free(config);
    ufo_core_free(core);
}

struct readers {
    const uint64_t *top;
    ATOMIC(size_t) next, wrong;
};

static void *read_all(void *argument)
{
    struct readers *readers = argument;
    size_t begin = atomic_fetch_add(&readers->next, 1) * 12345;
    for (size_t i = 0; i < COUNT; i++)
        if (readers->top[(begin + i) % COUNT] != (begin + i) % COUNT + 3)
            atomic_fetch_add(&readers->wrong, 1);
    return NULL;
}

/* Several threads, chunks of different sizes, and a budget that makes the lower levels leave all the time. */
static void under_pressure(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    struct level levels[3] = {{0}};
    ufo *low = make(core, &levels[0], 1);
    levels[1].below = low;
    ufo *middle = make(core, &levels[1], 4096);
    levels[2].below = middle;
    struct readers readers = {.top = ufo_data(make(core, &levels[2], 2048))};
    struct team team;
    team_start(&team, 4, read_all, &readers);
    team_join(&team);
    assert_int_equal(atomic_load(&readers.wrong), 0);
    assert_in_range(core_stats(core).peak_bytes, 1, 2 * MIB);
    ufo_core_free(core);
}

/* A chain that needs more frames at once than the budget has: an error, no hang, nothing over. */
static void deeper_than_the_budget(void **state)
{
    (void)state;
    ufo_core *core = begin_core(512 * KIB);
    struct level levels[DEPTH] = {{0}};
    ufo *below = NULL;
    for (size_t i = 0; i < DEPTH; i++) {
        levels[i].below = below;
        levels[i].by_call = true;
        below = make(core, &levels[i], 0); /* 64 KiB each, all of them being filled */
    }
    uint64_t value;
    ufo_status status = ufo_read(below, 0, 1, &value);
    if (status == UFO_OK) /* possible only if a level does not hold its frame while it waits */
        assert_int_equal(value, DEPTH);
    else
        assert_int_equal(status, UFO_ERR_POPULATE);
    assert_in_range(core_stats(core).peak_bytes, 1, 512 * KIB);
    assert_ok(ufo_core_set_budget(core, 8 * MIB));
    for (size_t i = 1; i < DEPTH; i++)
        assert_ok(ufo_reset(levels[i].below, 0, COUNT));
    assert_ok(ufo_reset(below, 0, COUNT));
    assert_ok(ufo_read(below, 0, 1, &value));
    assert_int_equal(value, DEPTH);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_levels_by_pointer), cmocka_unit_test(two_levels_by_call),
        cmocka_unit_test(thirty_two_levels),     cmocka_unit_test(thirty_two_levels_with_two_workers),
        cmocka_unit_test(under_pressure),        cmocka_unit_test(deeper_than_the_budget),
    };
    return RUN(tests);
}
