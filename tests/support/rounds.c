/* SPDX-License-Identifier: MIT */
#include "support/support.h"

#include <sys/mman.h>

enum { PAGES = 100, ATTEMPTS = 3, CHEAP_NS = 1000 };

/* Unseen by the sanitizers, whose shadow would be touched, too. */
#if UNDER_SANITIZER
__attribute__((no_sanitize("address"), no_sanitize("thread")))
#endif
static uint64_t touch(volatile unsigned char *bytes, size_t page)
{
    const uint64_t begin = now_ns();
    for (size_t i = 0; i < PAGES; i++)
        bytes[i * page] = 1;
    return now_ns() - begin;
}

static uint64_t page_ns(void)
{
    const char *told = getenv("UFOMEM_TEST_PAGE_NS");
    if (told)
        return strtoull(told, NULL, 10);
    const size_t page = page_size();
    uint64_t best = UINT64_MAX;
    for (int i = 0; i < ATTEMPTS; i++) { /* the best one: others may have the processor */
        void *bytes = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (bytes == MAP_FAILED)
            return 0;
        madvise(bytes, PAGES * page, MADV_NOHUGEPAGE);
        const uint64_t taken = touch(bytes, page) / PAGES;
        munmap(bytes, PAGES * page);
        best = taken < best ? taken : best;
    }
    return best;
}

size_t rounds_for(size_t usual, size_t least)
{
    static ATOMIC(uint64_t) measured;
    uint64_t cost = atomic_load(&measured);
    if (cost == 0) {
        cost = page_ns();
        cost = cost > CHEAP_NS ? cost : CHEAP_NS;
        atomic_store(&measured, cost);
    }
    const size_t rounds = (size_t)(usual * (double)CHEAP_NS / (double)cost);
    return rounds > least ? rounds : least;
}
