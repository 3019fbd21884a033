/* SPDX-License-Identifier: MIT */
/*
 * Lazy regions on top of each other, read from the top by several threads at once: filling an element of one loads that of the next.
 *
 *     depth [LEVELS 64] [THREADS 4]
 */
#include "scale/scale.h"

enum { COUNT = 1 << 15 };

static size_t threads;
static const volatile uint64_t *top;
static ATOMIC(size_t) next, wrong;
static size_t levels;

/* Each element is that of the level below, which is `below`, plus one; the lowest has its own numbers. */
static int32_t one_more(void *below, size_t first, size_t count, void *out)
{
    const volatile uint64_t *from = below;
    for (size_t i = 0; i < count; i++)
        ((uint64_t *)out)[i] = (from ? from[first + i] : first + i) + 1;
    return 0;
}

static void *read_all(void *unused)
{
    size_t begin = atomic_fetch_add(&next, 1) * (COUNT / threads);
    for (size_t i = 0; i < COUNT; i += 64) {
        size_t at = (begin + i) % COUNT;
        if (top[at] != at + levels)
            atomic_fetch_add(&wrong, 1);
    }
    return unused;
}

int main(int argc, char **argv)
{
    begin_scale(argc);
    levels = size_argument(argc, argv, 1, 64);
    threads = size_argument(argc, argv, 2, 4);
    if (threads > 128) {
        fprintf(stderr, "%s: at most 128 threads\n", argv[0]);
        return 2;
    }
    /* Each thread holds a chunk of every level while it goes down, some of them twice. */
    size_t budget = threads * levels * 4 * 4 * KIB + 2 * MIB;
    ufo_core *core = new_core(budget);
    void *below = NULL;
    for (size_t i = 0; i < levels; i++) {
        ufo_config *config = ufo_config_new();
        assert_ok(ufo_config_set_elements(config, COUNT, 8));
        assert_ok(ufo_config_set_chunk(config, 1));
        assert_ok(ufo_config_set_populate(config, one_more, below, NULL));
        ufo *region = ufo_new(core, config);
        if (!region)
            fail_msg("level %zu: %s", i, ufo_last_error());
        ufo_config_free(config);
        below = ufo_data(region);
    }
    top = below;
    uint64_t start = now_ms();
    struct team team;
    team_start(&team, threads, read_all, NULL);
    team_join(&team);
    ufo_core_stats stats = core_stats(core);
    printf("%zu levels, %zu threads in %llu ms; %llu faults, %llu workers at the end\n", levels, threads,
           (unsigned long long)(now_ms() - start), (unsigned long long)stats.faults, (unsigned long long)stats.workers);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_in_range(stats.peak_bytes, 1, budget);
    ufo_core_free(core);
    return 0;
}
