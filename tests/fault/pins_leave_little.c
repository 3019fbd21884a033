/* SPDX-License-Identifier: MIT */
/* Pins leave less than a fill needs, for one thread and for several that let go of what they have for each other: a refusal, never a hang. */
#include "support/support.h"

enum { CHUNK = 64 * 1024, TOUCHES = 3, LONGEST_MS = 10000 };

/* Room or none: nothing else is an answer. */
static bool is_answer(ufo_status status) { return status == UFO_OK || status == UFO_ERR_BUDGET; }

/* A chunk that is to be read comes in as a copy, and needs two frames for a moment. */
static void one_thread(void **state)
{
    (void)state;
    begin_watched(30);
    ufo_core *core = new_core(3 * CHUNK);
    struct source source = {0};
    ufo *region = source_region(core, &source, 10 * CHUNK, 1, CHUNK);
    bool pinned[4];
    for (size_t i = 0; i < 4; i++) {
        ufo_status status = ufo_pin(region, i * CHUNK, 1);
        assert_true(is_answer(status));
        pinned[i] = status == UFO_OK;
    }
    assert_true(pinned[0] && !pinned[3]);
    for (size_t i = 0; i < 4; i++)
        if (pinned[i])
            assert_ok(ufo_unpin(region, i * CHUNK, 1));
    assert_pattern(ufo_data(region), 0, 10 * CHUNK);
    ufo_core_free(core);
}

static ufo *wanted;
static ATOMIC(size_t) next, wrong, longest;

static void *want_one(void *unused)
{
    const size_t at = atomic_fetch_add(&next, 1) * CHUNK;
    for (int i = 0; i < TOUCHES; i++) {
        const uint64_t begin = now_ms();
        if (!is_answer(ufo_touch(wanted, at, 1)))
            atomic_fetch_add(&wrong, 1);
        size_t took = (size_t)(now_ms() - begin), seen = atomic_load(&longest);
        while (took > seen && !atomic_compare_exchange_weak(&longest, &seen, took)) {
        }
    }
    return unused;
}

static void several_threads(size_t count)
{
    begin_watched(40);
    ufo_core *core = new_core(3 * CHUNK);
    struct source source = {0}, other = {0};
    ufo *pinned = source_region(core, &source, 4 * CHUNK, 1, CHUNK);
    wanted = source_region(core, &other, 40 * CHUNK, 1, CHUNK);
    unsigned char values[2] = {pattern(0), pattern(CHUNK)};
    for (size_t i = 0; i < 2; i++) { /* stored to: one frame each */
        assert_ok(ufo_write(pinned, i * CHUNK, 1, &values[i]));
        assert_ok(ufo_pin(pinned, i * CHUNK, 1));
    }
    atomic_store(&next, 0);
    atomic_store(&wrong, 0);
    atomic_store(&longest, 0);
    struct team team;
    team_start(&team, count, want_one, NULL);
    team_join(&team);
    assert_int_equal(atomic_load(&wrong), 0);
    if (atomic_load(&longest) > LONGEST_MS)
        fail_msg("one of the calls took %zu ms", atomic_load(&longest));
    assert_ok(ufo_unpin(pinned, 0, 1));
    assert_ok(ufo_touch(wanted, 0, 1)); /* and it goes on */
    assert_pattern(ufo_data(wanted), 0, 40 * CHUNK);
    ufo_core_free(core);
}

static void two_threads(void **state) { (void)state, several_threads(2); }
static void four_threads(void **state) { (void)state, several_threads(4); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread),
        cmocka_unit_test(two_threads),
        cmocka_unit_test(four_threads),
    };
    return RUN(tests);
}
