/* SPDX-License-Identifier: MIT */
/* The kernel compacts memory, and so moves pages about, while chunks come and go: nothing is lost. */
#include "support/support.h"

#include <fcntl.h>

enum { ELEMENTS = 1 << 21 };

static ATOMIC(bool) compacting;

static void *compact(void *descriptor)
{
    while (atomic_load(&compacting) && write(*(int *)descriptor, "1", 1) == 1)
        sleep_ms(1);
    return NULL;
}

/* Each thread has every fourth chunk of changes. */
struct job {
    ufo *region;
    uint64_t *elements;
    size_t chunk, rounds;
    ATOMIC(size_t) threads, wrong, refused;
};

static void *change(void *argument)
{
    struct job *job = argument;
    size_t thread = atomic_fetch_add(&job->threads, 1);
    for (uint64_t round = 1; round <= job->rounds; round++)
        for (size_t first = thread * job->chunk; first < ELEMENTS; first += 4 * job->chunk)
            for (size_t i = first; i < first + job->chunk; i += 32) {
                job->wrong += job->elements[i] != i * round;
                job->elements[i] = i * (round + 1);
                if (i % 4096 == 0) /* takes pages out and puts them back */
                    job->refused += ufo_flush(job->region, i, 1) != UFO_OK;
            }
    return NULL;
}

static int32_t count_up(void *unused, size_t first, size_t count, void *out)
{
    (void)unused;
    for (size_t i = 0; i < count; i++)
        ((uint64_t *)out)[i] = first + i;
    return 0;
}

static ufo *counting_region(ufo_core *core, size_t chunk, bool read_only)
{
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, ELEMENTS, 8));
    assert_ok(ufo_config_set_chunk(config, chunk));
    assert_ok(ufo_config_set_read_only(config, read_only));
    assert_ok(ufo_config_set_populate(config, count_up, NULL, NULL));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    return region;
}

static void *check(void *argument)
{
    struct job *job = argument;
    for (uint64_t round = 0; round < 2 * job->rounds; round++)
        for (size_t i = 0; i < ELEMENTS; i += 32)
            job->wrong += job->elements[i] != i;
    return NULL;
}

static void run_jobs(bool read_only)
{
    begin_watched(100);
    int descriptor = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        SKIP_TEST("compacting memory takes root");
    struct team compactor, team;
    atomic_store(&compacting, true);
    team_start(&compactor, 1, compact, &descriptor);
    size_t wrong = 0, refused = 0;
    for (size_t chunk = 512; chunk <= 8192; chunk *= 16) { /* copied, and moved */
        ufo_core *core = new_core(8 * MIB);
        ufo *region = counting_region(core, chunk, read_only);
        struct job job = {.region = region, .elements = ufo_data(region), .chunk = ufo_chunk(region), .rounds = rounds_for(5, 2)};
        team_start(&team, 4, read_only ? check : change, &job);
        team_join(&team);
        wrong += job.wrong;
        refused += job.refused;
        ufo_core_free(core);
    }
    atomic_store(&compacting, false);
    team_join(&compactor);
    close(descriptor);
    assert_int_equal(wrong, 0);
    assert_int_equal(refused, 0);
}

static void changes(void **state)
{
    (void)state;
    run_jobs(false);
}

static void content(void **state)
{
    (void)state;
    run_jobs(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes),
        cmocka_unit_test(content),
    };
    return RUN(tests);
}
