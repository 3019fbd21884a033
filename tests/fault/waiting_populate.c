/* SPDX-License-Identifier: MIT */
/* A populate that has always been quick begins to wait for other lazy memory: somebody still answers those faults. */
#include "support/support.h"

enum { CHUNK = 4 * KIB, QUICK = 2000, WAITING = 400, LENGTH = (QUICK + WAITING) * CHUNK, THREADS = 8 };

static ufo *inner;
static ATOMIC(size_t) wrong, waited;
static ATOMIC(size_t) next_chunk;

/* In a thread of its own, so that the library cannot know that a fill depends on it. */
static void *load_inner(void *chunk)
{
    size_t at = *(const size_t *)chunk * CHUNK;
    if (((const volatile unsigned char *)ufo_data(inner))[at] != pattern(at))
        atomic_fetch_add(&wrong, 1);
    return NULL;
}

static int32_t populate(void *user_data, size_t first, size_t count, void *out)
{
    size_t chunk = first / CHUNK;
    if (user_data && chunk >= QUICK) {
        pthread_t helper;
        if (pthread_create(&helper, NULL, load_inner, &chunk) != 0)
            return 1;
        pthread_join(helper, NULL);
        atomic_fetch_add(&waited, 1);
    }
    pattern_fill(out, first, count);
    return 0;
}

static ufo *region_of(ufo_core *core, void *user_data)
{
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_chunk(config, CHUNK));
    assert_ok(ufo_config_set_populate(config, populate, user_data, NULL));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_RANDOM));
    return region;
}

static void *load_chunks(void *bytes)
{
    for (;;) {
        size_t at = atomic_fetch_add(&next_chunk, 1) * CHUNK;
        if (at >= LENGTH)
            return NULL;
        if (((const volatile unsigned char *)bytes)[at] != pattern(at))
            atomic_fetch_add(&wrong, 1);
    }
}

/* All who answer faults are in populate at once, and each waits for a fault that nobody reads. */
static void is_waited_for(void **state)
{
    (void)state;
    ufo_core *core = begin_core(64 * MIB);
    inner = region_of(core, NULL);
    for (int round = 0; round < 3; round++) {
        ufo *outer = region_of(core, &inner);
        atomic_store(&next_chunk, 0);
        atomic_store(&waited, 0);
        struct team team;
        team_start(&team, THREADS, load_chunks, ufo_data(outer));
        team_join(&team);
        assert_int_equal(atomic_load(&waited), WAITING);
        assert_int_equal(atomic_load(&wrong), 0);
        ufo_free(outer);
        assert_ok(ufo_evict(inner, 0, LENGTH));
    }
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_waited_for)};
    return RUN(tests);
}
