/* SPDX-License-Identifier: MIT */
/* Faults that are answered on a small alternate signal stack: the library leaves room for a small callback, also when chunks have to leave. */
#include "support/support.h"

#include <sys/mman.h>

enum { COUNT = 1 << 20, THREADS = 2 };
#define BUDGET (512 * KIB)
/* What the library asks for; the frame itself of the kernel grows with the processor's registers. */
#define USUAL ((size_t)16384)

static size_t stack_size(void)
{
    size_t frame = 0;
#ifdef _SC_MINSIGSTKSZ
    const long least = sysconf(_SC_MINSIGSTKSZ);
    frame = least > 0 ? (size_t)least : 0;
#endif
    const size_t size = frame + 4096 > USUAL ? frame + 4096 : USUAL;
#if defined(__OPTIMIZE__) && !UNDER_SANITIZER
    const size_t factor = 1;
#else
    const size_t factor = 16;
#endif
    return (factor * size + page_size() - 1) & ~(page_size() - 1);
}

/* 3 i + 7, without a library function. */
static int32_t sequence(void *delay, size_t first, size_t count, void *out)
{
    uint64_t *element = out;
    for (size_t i = 0; i < count; i++)
        element[i] = 3 * (first + i) + 7;
    if (delay)
        sleep_ms(*(unsigned *)delay);
    return 0;
}

struct walk {
    uint64_t *elements;
    size_t step;
    bool stores;
    ATOMIC(size_t) wrong, started;
};

static void *walk(void *argument)
{
    struct walk *walk = argument;
    const size_t number = atomic_fetch_add(&walk->started, 1), page = page_size(), size = stack_size();
    /* Pages that nobody may touch lie before and behind it. */
    unsigned char *place = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = place + page, .ss_size = size};
    if (place == MAP_FAILED || mprotect(place + page, size, PROT_READ | PROT_WRITE) != 0 || sigaltstack(&stack, NULL) != 0) {
        atomic_fetch_add(&walk->wrong, 1);
        return NULL;
    }
    volatile uint64_t *elements = walk->elements;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < COUNT; i += walk->step) {
            const size_t at = i + (walk->stores ? number : 0); /* both want the same chunks at the same time */
            const uint64_t expected = 3 * at + 7 + (walk->stores && round == 1 ? 1 : 0);
            if (elements[at] != expected)
                atomic_fetch_add(&walk->wrong, 1);
            if (walk->stores && round == 0)
                elements[at] = expected + 1;
        }
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    munmap(place, size + 2 * page);
    return NULL;
}

static void walk_with(size_t chunk, bool stores, unsigned delay)
{
    begin_watched(30);
    ufo_core *core = new_core(BUDGET);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 8));
    assert_ok(ufo_config_set_chunk(config, chunk));
    assert_ok(ufo_config_set_populate(config, sequence, delay ? &delay : NULL, NULL));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    struct walk walker = {.elements = ufo_data(region), .step = delay ? 65536 : 500, .stores = stores};
    struct team team;
    team_start(&team, THREADS, walk, &walker);
    team_join(&team);
    assert_int_equal(atomic_load(&walker.wrong), 0);
    if (!delay)
        assert_true(region_stats(region).evictions > 0);
    ufo_core_free(core);
}

static void loads(void **state) { (void)state, walk_with(512, false, 0); }
static void loads_of_larger_chunks(void **state) { (void)state, walk_with(8192, false, 0); }
static void loads_that_wait_for_each_other(void **state) { (void)state, walk_with(512, false, 20); }
static void changed_chunks_leave(void **state) { (void)state, walk_with(512, true, 0); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads),
        cmocka_unit_test(loads_of_larger_chunks),
        cmocka_unit_test(loads_that_wait_for_each_other),
        cmocka_unit_test(changed_chunks_leave),
    };
    return RUN(tests);
}
