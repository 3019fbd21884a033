/* SPDX-License-Identifier: MIT */
/*
 * Threads that load and store elements without a call, while their chunks come and go under a tiny budget, are flushed, and end.  Elements carry their
 * number and a version: a value of another element, an old one after a new one, or a store that is lost, is noticed.
 *
 * An element belongs to one thread, which alone stores to it.  Under the thread sanitizer it is also the only one that loads it: the library's own copy
 * of an element that somebody else stores to is a race by the letter.
 */
#include "support/residency.h"

#include <sched.h>

enum { PER_CHUNK = 512, CHUNKS = 64, COUNT = CHUNKS * PER_CHUNK, CHUNK = PER_CHUNK * 8, THREADS = 4 };

static uint64_t stamped(size_t i, uint64_t version) { return version << 32 | i; }

/* ---- An array in ordinary memory ---- */

static uint64_t home[COUNT];

static int32_t populate(void *unused, size_t first, size_t count, void *out)
{
    (void)unused;
    for (size_t i = 0; i < count; i++)
        ((uint64_t *)out)[i] = __atomic_load_n(&home[first + i], __ATOMIC_RELAXED);
    return 0;
}

static int32_t writeback(void *unused, size_t first, size_t count, const void *data)
{
    (void)unused;
    for (size_t i = 0; i < count; i++)
        __atomic_store_n(&home[first + i], ((const uint64_t *)data)[i], __ATOMIC_RELAXED);
    return 0;
}

enum kind { SPILLED, WRITTEN_BACK, FOR_CALLERS };

static ufo *new_region(ufo_core *core, enum kind kind)
{
    for (size_t i = 0; i < COUNT; i++)
        home[i] = stamped(i, 0);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 8));
    assert_ok(ufo_config_set_chunk(config, PER_CHUNK));
    assert_ok(ufo_config_set_populate(config, populate, NULL, NULL));
    if (kind != SPILLED)
        assert_ok(ufo_config_set_writeback(config, writeback, NULL, NULL));
    if (kind == FOR_CALLERS)
        assert_ok(ufo_config_set_populate_policy(config, UFO_POPULATE_CALLER));
    ufo *region = ufo_new(core, config);
    if (!region)
        fail_msg("ufo_new: %s", ufo_last_error());
    ufo_config_free(config);
    return region;
}

/* ---- Threads ---- */

struct game {
    ufo *region;
    ufo_residency residency;
    uint64_t versions[COUNT]; /* last one stored, by the owner of the element */
    size_t turns;             /* 0: until the region is closed */
    ATOMIC(size_t) started;
    ATOMIC(size_t) hits, misses, wrong, failed;
};
static struct game game;

static bool load(size_t i, uint64_t *value)
{
    if (fast_load(&game.residency, i, value)) {
        atomic_fetch_add(&game.hits, 1);
        return true;
    }
    atomic_fetch_add(&game.misses, 1);
    return ufo_read(game.region, i, 1, value) == UFO_OK;
}

static bool store(size_t i, uint64_t value)
{
    return fast_store(&game.residency, i, value) || ufo_write(game.region, i, 1, &value) == UFO_OK;
}

static void wrong(size_t i, uint64_t value, uint64_t least)
{
    if (atomic_fetch_add(&game.wrong, 1) == 0)
        fprintf(stderr, "element %zu is %llx, version %llx was stored\n", i, (unsigned long long)value, (unsigned long long)least);
}

static void *play(void *unused)
{
    (void)unused;
    const size_t self = atomic_fetch_add(&game.started, 1);
    uint64_t random = self + 1;
    for (size_t turn = 0; game.turns == 0 || turn < game.turns; turn++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        /* Mostly a few chunks, so that there are hits; now and then any, so that those have to leave. */
        const size_t span = turn % 16 ? 4 * PER_CHUNK : COUNT;
        const size_t any = (size_t)(random >> 33) % span;
        const size_t mine = any / THREADS * THREADS + self;
        const size_t i = UNDER_TSAN || turn % 4 ? mine : any;
        uint64_t value = 0;
        if (!load(i, &value)) {
            atomic_fetch_add(&game.failed, 1);
            break;
        }
        if ((value & UINT32_MAX) != i || (i == mine && value >> 32 != game.versions[i]))
            wrong(i, value, i == mine ? game.versions[i] : 0);
        if (i != mine || turn % 3)
            continue;
        if (!store(i, stamped(i, game.versions[i] + 1))) {
            atomic_fetch_add(&game.failed, 1);
            break;
        }
        game.versions[i]++;
    }
    return unused;
}

static void begin(ufo_core *core, enum kind kind, size_t turns)
{
    memset(&game, 0, sizeof game);
    game.turns = turns;
    game.region = new_region(core, kind);
    game.residency = residency_of(game.region);
}

static void assert_fair(void)
{
    assert_int_equal(atomic_load(&game.wrong), 0);
    assert_true(atomic_load(&game.hits) > 0);
    assert_true(atomic_load(&game.misses) > 0);
}

/* What the source has after the end. */
static void assert_home(void)
{
    for (size_t i = 0; i < COUNT; i++)
        if (home[i] != stamped(i, game.versions[i]))
            fail_msg("element %zu came home as %llx, version %llx was stored", i, (unsigned long long)home[i],
                     (unsigned long long)game.versions[i]);
}

static void chunks_come_and_go(enum kind kind)
{
    begin_watched(100);
    ufo_core *core = new_core(12 * CHUNK);
    begin(core, kind, rounds_for(UNDER_SANITIZER ? 10000 : 60000, 10000));
    struct team team;
    team_start(&team, THREADS, play, NULL);
    uint64_t random = 99;
    for (size_t i = 0, calls = rounds_for(500, 100); i < calls; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        const size_t first = (size_t)(random >> 33) % (COUNT - 2 * PER_CHUNK);
        assert_ok(i % 2 ? ufo_flush(game.region, first, 2 * PER_CHUNK) : ufo_evict(game.region, first, 2 * PER_CHUNK));
        if (i % 8 == 0)
            sched_yield();
    }
    team_join(&team);
    assert_int_equal(atomic_load(&game.failed), 0);
    assert_fair();
    uint64_t value = 0;
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(load(i, &value));
        assert_int_equal(value, stamped(i, game.versions[i]));
    }
    ufo_free(game.region);
    if (kind != SPILLED)
        assert_home();
    ufo_residency_close(&game.residency);
    ufo_core_free(core);
}

static void to_the_spill_and_back(void **state)
{
    (void)state;
    chunks_come_and_go(SPILLED);
}

static void to_the_source_and_back(void **state)
{
    (void)state;
    chunks_come_and_go(WRITTEN_BACK);
}

static void with_callbacks_in_callers_only(void **state)
{
    (void)state;
    chunks_come_and_go(FOR_CALLERS);
}

static void spin(unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++)
        sched_yield();
}

/* Freed while everybody is at work: all of them end by an error, and what was stored before has come home. */
static void freed_under_the_hands(bool pinned, bool with_its_core)
{
    begin_watched(100);
    size_t hits = 0;
    const size_t rounds = UNDER_SANITIZER ? 10 : rounds_for(40, 12); /* each kind with each of the four chunks */
    for (unsigned round = 0; round < rounds; round++) {
        ufo_core *core = new_core(MIB);
        const enum kind kind = (enum kind)(round % 3);
        begin(core, kind, 0);
        const size_t first = round % 4 * PER_CHUNK;
        if (pinned)
            assert_ok(ufo_pin_write(game.region, first, 1));
        struct team team;
        team_start(&team, THREADS, play, NULL);
        while (atomic_load(&game.hits) < 1000)
            sched_yield();
        spin(round % 7 * 3);
        if (with_its_core)
            ufo_core_free(core);
        else
            ufo_free(game.region);
        team_join(&team);
        assert_int_equal(atomic_load(&game.failed), THREADS);
        assert_int_equal(atomic_load(&game.wrong), 0);
        if (kind != SPILLED)
            assert_home();
        uint64_t value = 0;
        for (size_t i = 0; i < COUNT; i += 100)
            assert_false(fast_load(&game.residency, i, &value));
        if (pinned) {
            assert_int_equal(((const uint64_t *)(void *)game.residency.data)[first], stamped(first, game.versions[first]));
            assert_ok(ufo_unpin(game.region, first, 1));
        }
        ufo_residency_close(&game.residency);
        if (!with_its_core)
            ufo_core_free(core);
        hits += atomic_load(&game.hits);
    }
    assert_true(hits > 0);
}

static void freed_while_in_use(void **state)
{
    (void)state;
    freed_under_the_hands(false, false);
}

static void freed_while_in_use_and_pinned(void **state)
{
    (void)state;
    freed_under_the_hands(true, false);
}

static void core_freed_while_in_use(void **state)
{
    (void)state;
    freed_under_the_hands(false, true);
}

/* Nobody waits for ever for a chunk that is always held by somebody. */
static void *hammer(void *unused)
{
    const size_t mine = 2 + atomic_fetch_add(&game.started, 1);
    uint64_t value = 0;
    while (load(mine, &value) && store(mine, stamped(mine, game.versions[mine] + 1))) {
        if (value != stamped(mine, game.versions[mine]))
            wrong(mine, value, game.versions[mine]);
        game.versions[mine]++;
    }
    return unused;
}

static void a_busy_chunk_is_flushed_and_evicted(void **state)
{
    (void)state;
    begin_watched(100);
    ufo_core *core = new_core(MIB);
    begin(core, WRITTEN_BACK, 0);
    struct team team;
    team_start(&team, THREADS, hammer, NULL);
    for (size_t i = 0, calls = rounds_for(60, 20); i < calls; i++) {
        /* Busy is a chunk that somebody has just used, and for that they must have had a processor since the last call. */
        for (const size_t hits = atomic_load(&game.hits); atomic_load(&game.hits) == hits;)
            sched_yield();
        const uint64_t value = stamped(1, i);
        assert_ok(ufo_write(game.region, 1, 1, &value));
        assert_ok(i % 2 ? ufo_flush(game.region, 0, COUNT) : ufo_evict(game.region, 0, COUNT));
        assert_int_equal(home[1], value);
    }
    ufo_free(game.region);
    team_join(&team);
    assert_fair();
    for (size_t i = 2; i < 2 + THREADS; i++)
        assert_int_equal(home[i], stamped(i, game.versions[i]));
    ufo_residency_close(&game.residency);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_the_spill_and_back),
        cmocka_unit_test(to_the_source_and_back),
        cmocka_unit_test(with_callbacks_in_callers_only),
        cmocka_unit_test(freed_while_in_use),
        cmocka_unit_test(freed_while_in_use_and_pinned),
        cmocka_unit_test(core_freed_while_in_use),
        cmocka_unit_test(a_busy_chunk_is_flushed_and_evicted),
    };
    return RUN(tests);
}
