/* SPDX-License-Identifier: MIT */
/*
 * Loads and stores under a small budget for as long as one likes: does memory grow with the number of faults?
 *
 *     endurance [SECONDS 3, more on a slow machine] [BUDGET 8, in MiB] [THREADS 2] [STORES 4: one chunk in so many is stored to]
 *               [FAULTS: ends after so many] [LEAK 0, bytes that each populate loses: to see the program fail]
 *
 * A line through (faults, memory) tells how much.  Memory comes in pages and arenas, so what a run can tell depends on its length:
 * FLOOR over all of its faults is noise.  A few bytes in a thousand faults show after some hundred million.
 */
#include "scale/scale.h"

enum { CHUNKS = 16384, CHUNK = 512, SAMPLES = 100000 };
#define MOST_PER_MILLION 5000.0 /* bytes: 5 in a thousand faults */
#define FLOOR (512.0 * 1024)
#define FEW 20000.0

static ufo *region;
static size_t leak, stores = 4;
static ATOMIC(bool) stop;
static ATOMIC(size_t) next, wrong;
static struct sample {
    double faults, bytes;
} samples[SAMPLES];

static int32_t populate(void *unused, size_t first, size_t count, void *out)
{
    if (leak > 0) {
        volatile char *lost = malloc(leak);
        if (!lost)
            return 1;
        lost[0] = 1;
    }
    return populate_mixed(unused, first, count, out);
}

/* Element 0 of a chunk is never stored to; element 1 + number is the thread's, and has its own number in it once it is changed. */
static void *touch(void *unused)
{
    size_t number = atomic_fetch_add(&next, 1);
    uint64_t random = number + 1;
    volatile uint64_t *array = ufo_data(region);
    while (!atomic_load(&stop)) {
        random = mixed(random);
        size_t chunk = random % CHUNKS, own = chunk * CHUNK + 1 + number;
        if (array[chunk * CHUNK] != mixed(chunk * CHUNK))
            atomic_fetch_add(&wrong, 1);
        if (chunk % stores == 0) {
            if (array[own] != mixed(own) && array[own] != number)
                atomic_fetch_add(&wrong, 1);
            array[own] = number;
        }
    }
    return unused;
}

/* Bytes for each fault, by least squares. */
static double slope(const struct sample *from, size_t count)
{
    double faults = 0, bytes = 0, above = 0, below = 0;
    for (size_t i = 0; i < count; i++) {
        faults += from[i].faults / (double)count;
        bytes += from[i].bytes / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        above += (from[i].faults - faults) * (from[i].bytes - bytes);
        below += (from[i].faults - faults) * (from[i].faults - faults);
    }
    return below > 0 ? above / below : 0;
}

int main(int argc, char **argv)
{
    begin_scale(argc);
    size_t seconds = size_argument(argc, argv, 1, 3);
    size_t budget = size_argument(argc, argv, 2, 8) * MIB;
    size_t threads = size_argument(argc, argv, 3, 2);
    stores = size_argument(argc, argv, 4, 4);
    double most_faults = (double)size_argument(argc, argv, 5, SIZE_MAX);
    leak = argc > 6 ? size_argument(argc, argv, 6, 1) : 0;
    if (threads > 128) {
        fprintf(stderr, "%s: at most 128 threads\n", argv[0]);
        return 2;
    }
    ufo_core *core = new_core(budget);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, (size_t)CHUNKS * CHUNK, 8));
    assert_ok(ufo_config_set_chunk(config, CHUNK));
    assert_ok(ufo_config_set_populate(config, populate, NULL, NULL));
    region = ufo_new(core, config);
    if (!region)
        fail_msg("ufo_new: %s", ufo_last_error());
    ufo_config_free(config);
    assert_ok(ufo_advise(region, 0, (size_t)CHUNKS * CHUNK, UFO_ADVICE_RANDOM));

    memset(samples, 1, sizeof samples); /* this program's own growth is not asked for */
    struct team team;
    team_start(&team, threads, touch, NULL);
    /* Until budget and tables are as full as they get. */
    const uint64_t patience = 60000;
    const double warm = 4.0 * (double)budget / (CHUNK * sizeof(uint64_t));
    for (uint64_t begin = now_ms(); (double)core_stats(core).faults < warm && now_ms() - begin < patience;)
        sleep_ms(10);
    const double before = (double)core_stats(core).faults;
    uint64_t start = now_ms(), shown = start, end = start + seconds * 1000;
    size_t apart = seconds * 1000 / SAMPLES + 20, count = 0;
    bool enough = false;
    bool few = true; /* too few for a line, on a slow machine */
    for (uint64_t now = start; (now < end || (few && now < end + patience)) && count < SAMPLES && !enough;
         now = now_ms()) {
        samples[count++] = (struct sample){(double)core_stats(core).faults, (double)process_resident()};
        enough = samples[count - 1].faults >= most_faults;
        few = samples[count - 1].faults - before < FEW;
        if (now - shown >= 5000) {
            shown = now;
            printf("%6llu s  %11.0f faults  %8.0f KiB\n", (unsigned long long)(now - start) / 1000,
                   samples[count - 1].faults, samples[count - 1].bytes / 1024);
            fflush(stdout);
        }
        sleep_ms((unsigned)apart);
    }
    atomic_store(&stop, true);
    team_join(&team);
    double bytes = slope(samples, count), faults = samples[count - 1].faults - samples[0].faults;
    printf("%.0f faults; memory grows by %.0f bytes in a million faults, %.1f KiB in this run\n",
           samples[count - 1].faults, bytes * 1e6, bytes * faults / 1024);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_in_range(core_stats(core).peak_bytes, 1, budget);
    ufo_core_free(core);
    if (faults <= 0) {
        fprintf(stderr, "FAILED: no faults after the beginning\n");
        return 1;
    }
    if (bytes * 1e6 > MOST_PER_MILLION && bytes * faults > FLOOR) {
        fprintf(stderr, "FAILED: memory grows with the number of faults\n");
        return 1;
    }
    return 0;
}
