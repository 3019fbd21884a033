/* SPDX-License-Identifier: MIT */
/*
 * Random loads, stores, calls, resets and budget changes by many threads, each access checked against an exact model (model.h), and
 * the memory that the kernel counts against the budget; among signals, children, and regions that come and go (disturbance.h).
 *
 *     model [--seed N] [--seconds S] [--threads T]
 */
#include "stress/disturbance.h"

enum { MODELS = 9 };
#define SLACK (3 * MIB) /* stacks, arenas and tables, which the budget does not count */

static struct model models[MODELS] = {
    {.kind = COMPUTED, .element_size = 8, .count = 1 << 20, .chunk = 8192},
    {.kind = COMPUTED, .element_size = 1, .count = 1 << 20, .chunk = 4096},
    {.kind = STORED, .element_size = 8, .count = 1 << 19, .chunk = 512},
    {.kind = STORED, .element_size = 12, .count = 300001, .chunk = 1},
    {.kind = ZEROS, .element_size = 4096, .count = 2000, .chunk = 4},
    {.kind = FILE_PRIVATE, .element_size = 4096, .count = 2000, .chunk = 1},
    {.kind = FILE_WRITTEN, .element_size = 8, .count = (1 << 20) + 13, .chunk = 1},
    {.kind = FIXED, .element_size = 12, .count = 500000, .chunk = 1024},
    {.kind = DERIVED, .element_size = 12, .count = 500000, .chunk = 1024, .base = &models[7]},
};

static ATOMIC(uint64_t) checked, operations;
static ATOMIC(size_t) numbers;
static uint64_t seed = 1;

static void *run(void *unused)
{
    struct actor actor = {.number = atomic_fetch_add(&numbers, 1)};
    actor.random = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) * (actor.number + 1);
    actor.block = malloc(LONGEST * 4096);
    uint64_t done = 0;
    for (; !atomic_load(&stop); done++)
        act(&actor, &models[next(&actor) % MODELS]);
    atomic_fetch_add(&checked, actor.checked);
    atomic_fetch_add(&operations, done);
    free(actor.block);
    return unused;
}

/* Everything stands still: every element of every region, and what the stores hold. */
static void check_all(struct actor *actor, ufo_core *core)
{
    for (size_t m = 0; m < MODELS; m++) {
        load(actor, &models[m], 0, models[m].count);
        flush_alone(&models[m], 0, models[m].count);
        for (size_t i = 0; i < 100 && !is_read_only(&models[m]);
             i++) /* the last changes: the end of the region keeps them */
            change(actor, &models[m], i % 2);
    }
    ufo_core_free(core);
    uint32_t stored[1024];
    for (size_t m = 0; m < MODELS; m++)
        for (size_t element = 0; (has_store(&models[m]) || models[m].kind == FILE_PRIVATE) && element < models[m].count;
             element++) {
            uint32_t version = has_store(&models[m]) ? models[m].done[element] : 0;
            if (!model_stored(&models[m], element, stored)
                || !model_fits(&models[m], stored, element, version, version))
                wrong(&models[m], stored, element, version, version, "the store after the end");
        }
}

int main(int argc, char **argv)
{
    unsigned seconds = (unsigned)rounds_for(6, 3);
    seed = now_ms();
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0)
            seed = value;
        else if (strcmp(argv[i], "--seconds") == 0)
            seconds = (unsigned)value;
        else if (strcmp(argv[i], "--threads") == 0 && value > 0 && value <= 64)
            threads = value;
        else
            return 2;
    }
    int available = support_check();
    if (available != 0)
        return available;
    begin_test(seconds + 60);
    printf("--seed %llu --seconds %u --threads %zu\n", (unsigned long long)seed, seconds, threads);
    fflush(stdout);

    size_t least = threads * 384 * KIB + 640 * KIB; /* pins of two chunks, fills of two, for each thread; a fill of those that come and go */
    ufo_core *core = new_core(least);
    for (size_t m = 0; m < MODELS; m++) {
        models[m].seed = seed * MODELS + m;
        models[m].number = (int)m;
        model_open(&models[m], core);
    }
    size_t before = process_resident(), highest = 0, changes = 0;
    struct actor self = {.random = seed, .block = malloc(LONGEST * 4096)};
    struct team team;
    team_start(&team, threads, run, NULL);
    struct disturbance disturbance = {.actors = &team, .core = core, .model = &models[0]};
    disturbance_start(&disturbance);
    for (uint64_t end = now_ms() + seconds * 1000; now_ms() < end && !atomic_load(&stop); changes++) {
        size_t budget = least + next(&self) % 4 * least;
        ufo_status status = ufo_core_set_budget(core, budget);
        if (status != UFO_OK)
            complain("ufo_core_set_budget(%zu): %s", budget, ufo_last_error());
        for (int i = 0; i < 10 && !UNDER_SANITIZER; i++) {
            size_t now = process_resident();
            now = now > before ? now - before : 0;
            if (now > budget + SLACK)
                complain("%zu KiB resident, the budget is %zu KiB", now / KIB, budget / KIB);
            highest = now > highest ? now : highest;
            sleep_ms(2);
        }
    }
    atomic_store(&stop, true);
    disturbance_join(&disturbance);
    team_join(&team);
    if (!atomic_load(&failed))
        check_all(&self, core);
    for (size_t m = 0; m < MODELS && !atomic_load(&failed); m++)
        model_close(&models[m]);
    free(self.block);
    printf("%llu operations, %llu elements checked, %zu budgets, %zu signals, %zu children, %zu other regions, at most %zu KiB resident\n",
           (unsigned long long)operations, (unsigned long long)(checked + self.checked), changes, disturbance.signals,
           disturbance.children, disturbance.regions, highest / KIB);
    if (atomic_load(&failed)) {
        fprintf(stderr, "FAILED: %s\n", complaint);
        return 1;
    }
    return 0;
}
