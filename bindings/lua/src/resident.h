/* SPDX-License-Identifier: MIT */
/* Elements of resident chunks without a call of the library; see ufo_residency in ufo.h. */
#ifndef UFOMEM_LUA_RESIDENT_H
#define UFOMEM_LUA_RESIDENT_H

#include <ufomem/ufo.h>

#include <stdbool.h>
#include <string.h>

static inline size_t chunk_of(const ufo_residency *residency, size_t offset)
{
    return residency->chunk_shift != 0 ? offset >> residency->chunk_shift : offset / residency->chunk_bytes;
}

/** Keeps the chunk from leaving, if it is resident and has all of `flags`. */
static inline bool hold_chunk(const ufo_residency *residency, size_t chunk, uint32_t flags)
{
    uint32_t *word = &residency->words[chunk];
    uint32_t seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    while ((seen & (residency->mask | flags)) == (residency->resident | flags))
        if (__atomic_compare_exchange_n(word, &seen, seen + residency->one_hold, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
            return true;
    return false;
}

static inline void unhold_chunk(const ufo_residency *residency, size_t chunk)
{
    const uint32_t left = __atomic_sub_fetch(&residency->words[chunk], residency->one_hold, __ATOMIC_SEQ_CST);
    if ((left & residency->holds) == 0 && (left & residency->waiters) != 0)
        ufo_residency_wake(residency, chunk);
}

/** Copies with a size that the compiler knows. */
static inline void copy_element(unsigned shift, void *to, const void *from)
{
    switch (shift) {
    case 0:
        memcpy(to, from, 1);
        break;
    case 1:
        memcpy(to, from, 2);
        break;
    case 2:
        memcpy(to, from, 4);
        break;
    default:
        memcpy(to, from, 8);
        break;
    }
}

/** Copies element `index`, of 2^shift bytes, to `to`.  False if it takes a call. */
static inline bool load_resident(const ufo_residency *residency, size_t index, unsigned shift, void *to)
{
    const size_t offset = index << shift;
    if (residency->words == NULL)
        return false;
    const size_t chunk = chunk_of(residency, offset);
    if (!hold_chunk(residency, chunk, 0))
        return false;
    copy_element(shift, to, residency->data + offset);
    unhold_chunk(residency, chunk);
    return true;
}

/** Copies `from` to element `index`.  False, and nothing done, if it takes a call: the chunk has to be resident and known as changed. */
static inline bool store_resident(const ufo_residency *residency, size_t index, unsigned shift, const void *from)
{
    const size_t offset = index << shift;
    if (residency->words == NULL || residency->dirty == 0)
        return false;
    const size_t chunk = chunk_of(residency, offset);
    if (!hold_chunk(residency, chunk, residency->dirty))
        return false;
    copy_element(shift, residency->data + offset, from);
    unhold_chunk(residency, chunk);
    return true;
}

#endif
