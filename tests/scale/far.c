/* SPDX-License-Identifier: MIT */
/*
 * Loads of small chunks all over a large array, by several threads: what is remembered of chunks that have left does not outgrow what is in memory.
 *
 *     far [GIBIBYTES 1024] [LOADS 24000, or fewer where pages are dear]
 */
#include "scale/scale.h"

enum { BUDGET = 16 * 1024 * 1024, THREADS = 4 };

static struct {
    const volatile uint64_t *array;
    size_t count, loads;
    ATOMIC(size_t) next, wrong;
} far;

static void *load_all_over(void *unused)
{
    size_t first = atomic_fetch_add(&far.next, 1);
    for (size_t i = first; i < far.loads; i += THREADS) {
        size_t place = mixed(i) % far.count;
        if (far.array[place] != mixed(place))
            atomic_fetch_add(&far.wrong, 1);
    }
    return unused;
}

int main(int argc, char **argv)
{
    begin_scale(argc);
    ufo_core *core = new_core(BUDGET);
    size_t gibibytes = size_argument(argc, argv, 1, 1024);
    far.loads = size_argument(argc, argv, 2, rounds_for(24000, 10000));
    far.count = gibibytes * GIB / 8;
    far.array = ufo_data(mixed_region(core, far.count, 4 * KIB / 8));
    struct team team;
    process_peak_reset();
    size_t before = process_rss();
    uint64_t start = now_ms();
    team_start(&team, THREADS, load_all_over, NULL);
    team_join(&team);
    uint64_t taken = now_ms() - start;
    size_t grown = process_peak() - before;
    printf("%zu loads all over %zu GiB in %llu ms; %zu KiB more resident at most, beside a budget of %d\n", far.loads,
           gibibytes, (unsigned long long)taken, grown / KIB, BUDGET / 1024);
    assert_int_equal(atomic_load(&far.wrong), 0);
    if (!UNDER_SANITIZER && page_size() == 4 * KIB) /* shadow memory is resident, too, and larger pages stay */
        assert_in_range(grown, 1, BUDGET + BUDGET / 2);
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET);
    ufo_core_free(core);
    return 0;
}
