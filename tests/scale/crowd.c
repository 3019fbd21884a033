/* SPDX-License-Identifier: MIT */
/*
 * A crowd of threads that touches at the same moment: each a chunk of its own, then all the same one.
 *
 *     crowd [THREADS 1000] [ROUNDS 4]
 */
#include "scale/scale.h"

static struct {
    const volatile uint64_t *array;
    size_t threads, rounds, chunk;
    pthread_barrier_t start;
    ATOMIC(size_t) next, wrong;
} crowd;

static void *touch(void *unused)
{
    size_t number = atomic_fetch_add(&crowd.next, 1);
    for (size_t round = 0; round < crowd.rounds; round++) {
        size_t own = (2 * round * crowd.threads + number) * crowd.chunk;
        size_t common = (2 * round + 1) * crowd.threads * crowd.chunk + number % crowd.chunk;
        pthread_barrier_wait(&crowd.start);
        if (crowd.array[own] != mixed(own))
            atomic_fetch_add(&crowd.wrong, 1);
        pthread_barrier_wait(&crowd.start);
        if (crowd.array[common] != mixed(common))
            atomic_fetch_add(&crowd.wrong, 1);
    }
    return unused;
}

int main(int argc, char **argv)
{
    begin_scale(argc);
    crowd.threads = size_argument(argc, argv, 1, UNDER_SANITIZER ? 300 : 1000);
    crowd.rounds = size_argument(argc, argv, 2, 4);
    crowd.chunk = 4 * KIB / 8;
    size_t budget = 2 * MIB; /* not even half of what they want at once */
    ufo_core *core = new_core(budget);
    ufo *region = mixed_region(core, 2 * crowd.rounds * crowd.threads * crowd.chunk, crowd.chunk);
    crowd.array = ufo_data(region);
    pthread_t *threads = calloc(crowd.threads, sizeof *threads);
    assert_non_null(threads);
    pthread_barrier_init(&crowd.start, NULL, (unsigned)crowd.threads);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * KIB);
    uint64_t start = now_ms();
    for (size_t i = 0; i < crowd.threads; i++)
        if (pthread_create(&threads[i], &attributes, touch, NULL) != 0) {
            fprintf(stderr, "skipped: this system allows %zu threads only\n", i);
            _exit(77); /* the others wait for ever */
        }
    for (size_t i = 0; i < crowd.threads; i++)
        pthread_join(threads[i], NULL);
    ufo_core_stats stats = core_stats(core);
    printf("%zu threads, %zu rounds in %llu ms; %llu faults, %llu workers at the end\n", crowd.threads, crowd.rounds,
           (unsigned long long)(now_ms() - start), (unsigned long long)stats.faults, (unsigned long long)stats.workers);
    assert_int_equal(atomic_load(&crowd.wrong), 0);
    assert_in_range(stats.peak_bytes, 1, budget);
    assert_int_equal(stats.failures, 0);
    pthread_attr_destroy(&attributes);
    pthread_barrier_destroy(&crowd.start);
    free(threads);
    ufo_core_free(core);
    return 0;
}
