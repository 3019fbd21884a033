/* SPDX-License-Identifier: MIT */
/*
 * Many small chunks in memory at once: each is filled once, stays, is changed, leaves and comes back with the change.
 *
 *     resident [CHUNKS 50000, or fewer where pages are dear]    of 4 KiB; a million takes 4 GiB of memory, and as much of disk
 */
#include "scale/scale.h"

int main(int argc, char **argv)
{
    begin_scale(argc);
    size_t chunks = size_argument(argc, argv, 1, rounds_for(50000, 15000)), each = 4 * KIB / 8;
    /* What comes by a copy is charged twice for a moment; the rest is for frames on the way. */
    size_t budget = chunks * 4 * KIB / 80 * 100 + 16 * MIB;
    ufo_core *core = new_core(budget);
    ufo *region = mixed_region(core, chunks * each, each);
    assert_int_equal(ufo_chunk(region), each);
    volatile uint64_t *array = ufo_data(region);
    bool exact = knows_changes(core);

    uint64_t start = now_ms();
    for (size_t i = 0; i < chunks; i++)
        if (array[i * each + i % each] != mixed(i * each + i % each))
            fail_msg("chunk %zu is wrong", i);
    uint64_t filled = now_ms() - start;
    ufo_stats stats = region_stats(region);
    assert_int_equal(stats.resident_bytes, chunks * 4 * KIB);
    assert_int_equal(stats.populates, chunks);
    assert_int_equal(stats.evictions, 0);

    for (size_t i = 0; i < chunks; i += 16)
        array[i * each] = i;
    assert_int_equal(region_stats(region).populates, chunks);
    assert_int_equal(region_stats(region).resident_bytes, chunks * 4 * KIB);

    start = now_ms();
    assert_ok(ufo_evict(region, 0, chunks * each));
    uint64_t left = now_ms() - start;
    stats = region_stats(region);
    assert_int_equal(stats.resident_bytes, 0);
    assert_int_equal(stats.evictions, chunks);
    for (size_t i = 0; i < chunks; i++) {
        uint64_t expected = i % 16 == 0 ? i : mixed(i * each);
        if (array[i * each] != expected)
            fail_msg("chunk %zu came back wrong", i);
    }
    if (exact) /* what was changed came from the spill, the rest from its source */
        assert_in_range(region_stats(region).populates, chunks, 2 * chunks - chunks / 16);
    assert_in_range(core_stats(core).peak_bytes, chunks * 4 * KIB, budget);
    printf("%zu chunks: filled in %llu ms, left in %llu ms; %zu MiB in use at most\n", chunks, (unsigned long long)filled,
           (unsigned long long)left, (size_t)core_stats(core).peak_bytes / MIB);
    ufo_core_free(core);
    return 0;
}
