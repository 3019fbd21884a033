/* SPDX-License-Identifier: MIT */
/* Elements without a call, as ufo_residency describes it: what the run-time of a language would compile to. */
#ifndef UFOMEM_TEST_RESIDENCY_H
#define UFOMEM_TEST_RESIDENCY_H

#include "support/support.h"

static inline ufo_residency residency_of(ufo *region)
{
    ufo_residency residency = {.struct_size = sizeof residency};
    assert_ok(ufo_residency_open(region, &residency));
    return residency;
}

static inline size_t chunk_at(const ufo_residency *r, size_t offset)
{
    return r->chunk_shift ? offset >> r->chunk_shift : offset / r->chunk_bytes;
}

/** Holds the chunk if it is resident and has all bits of `also` set. */
static inline bool hold_if(const ufo_residency *r, size_t chunk, uint32_t also)
{
    uint32_t word = __atomic_load_n(&r->words[chunk], __ATOMIC_SEQ_CST);
    while ((word & r->mask) == r->resident && (word & also) == also)
        if (__atomic_compare_exchange_n(&r->words[chunk], &word, word + r->one_hold, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return true;
    return false;
}

static inline bool hold(const ufo_residency *r, size_t chunk) { return hold_if(r, chunk, 0); }
static inline bool hold_to_store(const ufo_residency *r, size_t chunk) { return r->dirty != 0 && hold_if(r, chunk, r->dirty); }

static inline void let_go(const ufo_residency *r, size_t chunk)
{
    uint32_t word = __atomic_sub_fetch(&r->words[chunk], r->one_hold, __ATOMIC_SEQ_CST);
    if ((word & r->holds) == 0 && (word & r->waiters) != 0)
        ufo_residency_wake(r, chunk);
}

/** False: not resident; make the call. */
static inline bool fast_load(const ufo_residency *r, size_t i, uint64_t *value)
{
    size_t chunk = chunk_at(r, i * sizeof *value);
    if (!hold(r, chunk))
        return false;
    *value = __atomic_load_n((uint64_t *)(void *)r->data + i, __ATOMIC_RELAXED);
    let_go(r, chunk);
    return true;
}

static inline bool fast_store(const ufo_residency *r, size_t i, uint64_t value)
{
    size_t chunk = chunk_at(r, i * sizeof value);
    if (!hold_to_store(r, chunk))
        return false;
    __atomic_store_n((uint64_t *)(void *)r->data + i, value, __ATOMIC_RELAXED);
    let_go(r, chunk);
    return true;
}

#endif
