/* SPDX-License-Identifier: MIT */
/* Walks where some of the chunks are in memory already, each on its own. */
#include "support/support.h"

#include <inttypes.h>

#define EXTENT (2 * MIB)
#define CHUNK (64 * KIB)

/* Bytes of the array that are huge pages. */
static size_t huge_bytes(const ufo *region)
{
    const uintptr_t begin = (uintptr_t)ufo_data(region);
    const uintptr_t end = begin + ufo_count(region);
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    char line[512];
    bool inside = false;
    size_t sum = 0;
    while (fgets(line, sizeof line, maps)) {
        uintptr_t from, to;
        size_t kib;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            inside = from < end && to > begin;
        else if (inside && sscanf(line, "AnonHugePages: %zu kB", &kib) == 1)
            sum += kib * KIB;
    }
    fclose(maps);
    return sum;
}

static void walk(const ufo *region)
{
    const unsigned char *bytes = ufo_data(region);
    const size_t length = ufo_count(region);
    for (size_t at = 0; at < length; at += 4096)
        if (bytes[at] != pattern(at))
            fail_msg("byte %zu is %#x", at, bytes[at]);
}

/* Loads one byte of some chunk in each extent. */
static void read_here_and_there(ufo *region, unsigned seed)
{
    const unsigned char *bytes = ufo_data(region);
    const size_t length = ufo_count(region);
    uint64_t random = seed;
    assert_ok(ufo_advise(region, 0, length, UFO_ADVICE_RANDOM));
    for (size_t at = 0; at < length; at += EXTENT) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        const size_t place = at + (size_t)(random >> 33) % EXTENT;
        assert_int_equal(bytes[place], pattern(place));
    }
    assert_ok(ufo_advise(region, 0, length, UFO_ADVICE_NORMAL));
}

static bool moves(const ufo_core *core)
{
    const uint32_t needed = UFO_FEATURE_MOVE | UFO_FEATURE_WRITE_PROTECT | UFO_FEATURE_POISON;
    return !uses_protect(core) && (ufo_core_features(core) & needed) == needed;
}

/* Huge pages that were moved in pieces once would never be whole again, and the pieces of one would break the next. */
static void single_reads_do_not_break_huge_pages(void **state)
{
    (void)state;
    const size_t budget = 32 * MIB;
    const size_t length = 3 * budget;
    ufo_core *core = begin_core(budget);
    struct source sources[2] = {0};
    if (!moves(core))
        SKIP_TEST("it takes extents that move (UFFDIO_MOVE and write-protection)");
    ufo *untouched = walked_region(core, &sources[0], length, true);
    walk(untouched);
    const size_t usual = huge_bytes(untouched);
    if (usual < budget / 2)
        SKIP_TEST("the kernel has no huge pages to give");
    ufo_free(untouched);

    ufo *region = walked_region(core, &sources[1], length, true);
    for (unsigned round = 1; round <= 4; round++) {
        read_here_and_there(region, round);
        walk(region);
        walk(region);
        if (huge_bytes(region) < usual / 2)
            fail_msg("%zu MiB of huge pages after round %u, %zu MiB where nobody reads in between", huge_bytes(region) / MIB, round, usual / MIB);
    }
    assert_in_range(core_stats(core).peak_bytes, 1, budget);
    ufo_core_free(core);
}

/* What came alone is not asked for again when its neighbours come. */
static void what_is_there_is_not_populated_again(void **state)
{
    (void)state;
    const size_t length = 32 * MIB;
    ufo_core *core = begin_core(3 * length);
    struct source source = {0};
    ufo *region = walked_region(core, &source, length, true);
    for (size_t at = 0; at < length; at += EXTENT)
        for (size_t chunk = 1; chunk < 12; chunk += 5)
            assert_ok(ufo_touch(region, at + chunk * CHUNK, 1));
    walk(region);
    assert_pattern(ufo_data(region), 0, length);
    assert_int_equal(atomic_load(&source.elements), length);
    assert_int_equal(atomic_load(&source.outside), 0);
    ufo_core_free(core);
}

/* What has changed, or is pinned, stays where it is. */
static void changes_and_pins_stay(void **state)
{
    (void)state;
    const size_t length = 32 * MIB;
    ufo_core *core = begin_core(length / 2 + 4 * MIB);
    struct source source = {0};
    ufo *region = walked_region(core, &source, length, false);
    volatile unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < length; at += EXTENT) {
        assert_ok(ufo_pin(region, at + 3 * CHUNK, 1));
        bytes[at + 7 * CHUNK + 5] = 77;
    }
    for (int round = 0; round < 3; round++) {
        walk(region);
        for (size_t at = 0; at < length; at += EXTENT) {
            assert_int_equal(resident_bytes(bytes + at + 3 * CHUNK, CHUNK), CHUNK);
            assert_int_equal(bytes[at + 7 * CHUNK + 5], 77);
        }
    }
    for (size_t at = 0; at < length; at += EXTENT)
        assert_ok(ufo_unpin(region, at + 3 * CHUNK, 1));
    assert_ok(ufo_evict(region, 0, length));
    for (size_t at = 0; at < length; at += EXTENT)
        assert_int_equal(bytes[at + 7 * CHUNK + 5], 77);
    ufo_core_free(core);
}

struct crowd {
    ufo *region;
    ATOMIC(bool) over;
    ATOMIC(unsigned) members;
    ATOMIC(size_t) wrong, failed;
};

/* Reads, pins and sends away single chunks while others walk. */
static void *meddle(void *argument)
{
    struct crowd *crowd = argument;
    const size_t length = ufo_count(crowd->region);
    const volatile unsigned char *bytes = ufo_data(crowd->region);
    uint64_t random = atomic_fetch_add(&crowd->members, 1) + 1;
    while (!atomic_load(&crowd->over)) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        const size_t at = (size_t)(random >> 33) % length;
        switch (random >> 60 & 3) {
        case 0:
            (void)ufo_evict(crowd->region, at, 1); /* it may be pinned */
            break;
        case 1:
            if (ufo_pin(crowd->region, at, 1) != UFO_OK || bytes[at] != pattern(at) || ufo_unpin(crowd->region, at, 1) != UFO_OK)
                atomic_fetch_add(&crowd->failed, 1);
            break;
        case 2: {
            unsigned char byte = 0;
            if (ufo_read(crowd->region, at, 1, &byte) != UFO_OK || byte != pattern(at))
                atomic_fetch_add(&crowd->failed, 1);
            break;
        }
        default:
            if (bytes[at] != pattern(at))
                atomic_fetch_add(&crowd->wrong, 1);
        }
    }
    return NULL;
}

static void nothing_stays_for_ever(void **state)
{
    (void)state;
    const size_t budget = 32 * MIB;
    ufo_core *core = begin_core(budget);
    struct source source = {0};
    struct crowd crowd = {.region = walked_region(core, &source, 2 * budget, true)};
    struct team team;
    team_start(&team, 3, meddle, &crowd);
    const uint64_t end = now_ms() + 1500;
    do
        walk(crowd.region);
    while (now_ms() < end);
    atomic_store(&crowd.over, true);
    team_join(&team);
    assert_int_equal(atomic_load(&crowd.wrong), 0);
    assert_int_equal(atomic_load(&crowd.failed), 0);

    /* All of it can leave. */
    struct source other_source = {0};
    ufo *other = walked_region(core, &other_source, budget * 3 / 4, true);
    assert_ok(ufo_pin(other, 0, budget * 3 / 4));
    assert_pattern(ufo_data(other), 0, budget * 3 / 4);
    assert_ok(ufo_unpin(other, 0, budget * 3 / 4));
    assert_in_range(core_stats(core).peak_bytes, 1, budget);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_reads_do_not_break_huge_pages),
        cmocka_unit_test(what_is_there_is_not_populated_again),
        cmocka_unit_test(changes_and_pins_stay),
        cmocka_unit_test(nothing_stays_for_ever),
    };
    return RUN(tests);
}
