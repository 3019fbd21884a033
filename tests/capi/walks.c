/* SPDX-License-Identifier: MIT */
/* What walks leave in memory, and what others do meanwhile to what a walk is just bringing in. */
#include "support/support.h"

#define EXTENT (2 * MIB)

static uint64_t populated(const ufo *region)
{
    ufo_stats stats = {.struct_size = sizeof stats};
    assert_ok(ufo_stats_get(region, &stats));
    return stats.populated_bytes;
}

/* First in, first out, would have nothing left of an array that does not fit. */
static void of_what_is_too_large_a_part_stays(void **state)
{
    (void)state;
    const size_t budget = 32 * MIB;
    const size_t length = 4 * budget;
    ufo_core *core = begin_core(budget);
    if (!has_moving_extents(core))
        SKIP_TEST("it takes extents that move (UFFDIO_MOVE and write-protection)");
    struct source source = {0};
    ufo *region = walked_region(core, &source, length, true);
    walk_through(region);
    const uint64_t before = populated(region);
    const size_t rounds = 3;
    for (size_t round = 0; round < rounds; round++)
        walk_through(region);
    /* Some three quarters of the budget stay each time, but one round in a hundred loses nearly all of it when threads are held up. */
    assert_in_range(populated(region) - before, 1, rounds * length - budget / 4);
    assert_in_range(core_stats(core).peak_bytes, 1, budget);
    ufo_core_free(core);
}

/* What an earlier walk has left there is no hindrance for an array that fits. */
static void what_fits_comes_to_stay(void **state)
{
    (void)state;
    const size_t budget = 64 * MIB;
    ufo_core *core = begin_core(budget);
    if (!has_moving_extents(core))
        SKIP_TEST("it takes extents that move (UFFDIO_MOVE and write-protection)");
    struct source old_source = {0};
    struct source source = {0};
    ufo *old = walked_region(core, &old_source, 2 * budget, true);
    walk_through(old);
    ufo *region = walked_region(core, &source, budget / 2, true);
    for (int round = 0; round < 4; round++)
        walk_through(region);
    const uint64_t before = populated(region);
    walk_through(region);
    walk_through(region);
    assert_in_range(populated(region) - before, 0, budget / 4);
    ufo_core_free(core);
}

/* ---- Stores into extents that are on their way in. ---- */

#define LENGTH (48 * MIB)
#define BUDGET (24 * MIB)

struct race {
    unsigned char *bytes;
    ATOMIC(size_t) position; /* of who walks */
    ATOMIC(bool) over;
    ATOMIC(size_t) stores;
    unsigned char *versions; /* of every 4096th byte, behind the one that the walk reads: how often it was stored to */
};

static size_t place_of(size_t page) { return page * 4096 + 64; }
static unsigned char value_of(size_t page, unsigned char version) { return (unsigned char)(pattern(place_of(page)) + version); }

/* Stores where the walk comes next, at the very moment when there is a page: before the library can have protected it. */
static void *store_ahead(void *argument)
{
    struct race *race = argument;
    uint64_t random = 1;
    while (!atomic_load(&race->over)) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        const size_t ahead = atomic_load(&race->position) + EXTENT + (size_t)(random >> 33) % (2 * EXTENT);
        const size_t page = ahead % LENGTH / 4096;
        for (int patience = 0; patience < 3000 && resident_bytes(race->bytes + page * 4096, 1) == 0; patience++) {
        }
        race->bytes[place_of(page)] = value_of(page, ++race->versions[page]);
        atomic_fetch_add(&race->stores, 1);
    }
    return NULL;
}

static void stores_ahead_of_a_walk_are_kept(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = walked_region(core, &source, LENGTH, false);
    struct race race = {.bytes = ufo_data(region), .versions = calloc(LENGTH / 4096, 1)};
    assert_non_null(race.versions);
    struct team team;
    team_start(&team, 1, store_ahead, &race);
    const uint64_t end = now_ms() + 1500;
    do
        for (size_t at = 0; at < LENGTH; at += 4096) {
            atomic_store(&race.position, at);
            if (race.bytes[at] != pattern(at)) {
                atomic_store(&race.over, true);
                fail_msg("byte %zu is %#x", at, race.bytes[at]);
            }
        }
    while (now_ms() < end);
    atomic_store(&race.over, true);
    team_join(&team);
    for (size_t page = 0; page < LENGTH / 4096; page++)
        if (race.bytes[place_of(page)] != value_of(page, race.versions[page]))
            fail_msg("page %zu holds %#x after %u stores to it, of %zu in all; expected %#x", page, race.bytes[place_of(page)], race.versions[page],
                     atomic_load(&race.stores), value_of(page, race.versions[page]));
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET);
    free(race.versions);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_what_is_too_large_a_part_stays),
        cmocka_unit_test(what_fits_comes_to_stay),
        cmocka_unit_test(stores_ahead_of_a_walk_are_kept),
    };
    return RUN(tests);
}
