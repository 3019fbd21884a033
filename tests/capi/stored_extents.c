/* SPDX-License-Identifier: MIT */
/* Who walks through a region and stores to all of it: its changes leave by extents, and none is lost, wherever they go. */
#include "support/support.h"

enum { CHUNK = 64 << 10 };
#define BUDGET (24 * MIB) /* with less there are no extents */
static size_t chunks, length;

static unsigned char stored(size_t at, unsigned round) { return (unsigned char)(pattern(at) + round); }

/* Every 512th byte is read, and changed; what was changed before is checked. */
static void walk(unsigned char *bytes, unsigned round)
{
    for (size_t at = 0; at < length; at += 512) {
        if (bytes[at] != stored(at, round))
            fail_msg("byte %zu is %#x in round %u, expected %#x", at, bytes[at], round, stored(at, round));
        bytes[at] = stored(at, round + 1);
    }
}

static void assert_all(const unsigned char *bytes, unsigned rounds)
{
    for (size_t at = 0; at < length; at += 128)
        if (bytes[at] != (at % 512 == 0 ? stored(at, rounds) : pattern(at)))
            fail_msg("byte %zu is %#x after %u rounds", at, bytes[at], rounds);
}

static void to_the_spill(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, length, 1, CHUNK);
    assert_ok(ufo_advise(region, 0, length, UFO_ADVICE_NORMAL));
    unsigned char *bytes = ufo_data(region);
    const unsigned rounds = (unsigned)rounds_for(3, 2);
    for (unsigned round = 0; round < rounds; round++)
        walk(bytes, round);
    for (size_t at = length; at >= CHUNK; at -= CHUNK) /* backward */
        assert_int_equal(bytes[at - CHUNK], stored(at - CHUNK, rounds));
    assert_all(bytes, rounds);
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET);
    assert_in_range(core_stats(core).spilled_bytes, length - BUDGET, length);

    /* Parts of extents that were stored as one are forgotten one by one. */
    for (size_t chunk = 0; chunk < chunks; chunk += 3)
        assert_ok(ufo_reset(region, chunk * CHUNK, CHUNK));
    for (size_t at = 0; at < length; at += 512)
        assert_int_equal(bytes[at], at / CHUNK % 3 == 0 ? pattern(at) : stored(at, rounds));
    ufo_free(region);
    assert_int_equal(core_stats(core).spilled_bytes, 0);
    ufo_core_free(core);
}

static ufo *walked_store(ufo_core *core, struct store *store)
{
    store_init(store, length, 1);
    ufo *region = store_region(core, store, CHUNK);
    assert_ok(ufo_advise(region, 0, length, UFO_ADVICE_NORMAL));
    return region;
}

static void to_a_callback(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct store store;
    ufo *region = walked_store(core, &store);
    walk(ufo_data(region), 0);
    walk(ufo_data(region), 1);
    assert_int_equal(core_stats(core).spilled_bytes, 0);
    assert_ok(ufo_flush(region, 0, length));
    assert_all(store.bytes, 2);
    assert_int_equal(store.outside, 0);

    /* What is only read is not given back. */
    const size_t written = store.written;
    assert_all(ufo_data(region), 2);
    if (knows_changes(core))
        assert_int_equal(store.written, written);
    ufo_core_free(core);
    assert_all(store.bytes, 2);
    store_destroy(&store);
}

static void to_a_callback_that_fails_now_and_then(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct store store;
    ufo *region = walked_store(core, &store);
    for (unsigned round = 0; round < 2; round++) {
        store.fail_times = 3;
        store.fail_code = 5;
        walk(ufo_data(region), round);
    }
    store.fail_code = 0;
    assert_all(ufo_data(region), 2);
    assert_ok(ufo_flush(region, 0, length));
    assert_all(store.bytes, 2);
    ufo_core_free(core);
    store_destroy(&store);
}

static void to_a_file(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    const char *path = temp_file(length + 100);
    ufo *region = file_region(core, path, 100, length, CHUNK, UFO_FILE_WRITEBACK);
    unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < length; at += 512)
        bytes[at] = stored(at, 1);
    ufo_core_free(core);
    FILE *file = fopen(path, "rbe");
    assert_non_null(file);
    for (size_t at = 0; at < length; at += 512) {
        assert_int_equal(fseek(file, (long)(at + 100), SEEK_SET), 0);
        assert_int_equal(fgetc(file), stored(at, 1));
        assert_int_equal(fgetc(file), pattern(at + 101));
    }
    fclose(file);
}

int main(void)
{
    chunks = rounds_for(1024, 640);
    length = chunks * CHUNK;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(to_the_spill),
        cmocka_unit_test(to_a_callback),
        cmocka_unit_test(to_a_callback_that_fails_now_and_then),
        cmocka_unit_test(to_a_file),
    };
    return RUN(tests);
}
