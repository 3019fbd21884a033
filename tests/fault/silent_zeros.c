/* SPDX-License-Identifier: MIT */
/* A chunk that fails and is reset, over and over, while another thread reads it: the source's bytes or SIGBUS, never zeros. */
#include "support/support.h"

enum { LENGTH = 1 << 20, PLACES = 4 };

struct reader {
    const unsigned char *bytes;
    size_t chunk;
    ATOMIC(bool) stop;
    ATOMIC(size_t) right, signals, others, zeros, wrong;
};

static void *read_all_the_time(void *argument)
{
    struct reader *reader = argument;
    for (size_t i = 0; !atomic_load(&reader->stop); i++) {
        size_t at = 9 + i % PLACES * (reader->chunk / PLACES);
        while (pattern(at) == 0)
            at++;
        uint8_t value = 0;
        int signal_number = guarded_read(reader->bytes + at, &value);
        if (signal_number != 0)
            atomic_fetch_add(signal_number == SIGBUS ? &reader->signals : &reader->others, 1);
        else if (value == pattern(at))
            atomic_fetch_add(&reader->right, 1);
        else
            atomic_fetch_add(value == 0 ? &reader->zeros : &reader->wrong, 1);
    }
    return NULL;
}

/* Every `good`-th time the source does not fail. */
static void fail_and_reset(size_t chunk, size_t good)
{
    begin_watched(30);
    ufo_core *core = new_core(4 * MIB);
    struct source source = {.fail_count = LENGTH, .fail_times = -1, .fail_code = 5};
    ufo *region = source_region(core, &source, LENGTH, 1, chunk);
    struct reader reader = {.bytes = ufo_data(region), .chunk = chunk};
    struct team team;
    team_start(&team, 1, read_all_the_time, &reader);
    uint64_t end = now_ms() + rounds_for(1500, 500);
    size_t resets = 0, strange = 0;
    while (now_ms() < end) {
        bool fails = resets % good != 0;
        atomic_store(&source.fail_code, fails ? 5 : 0);
        ufo_status status = ufo_touch(region, 0, 1);
        strange += status != UFO_OK && status != UFO_ERR_POPULATE;
        strange += ufo_reset(region, 0, 1) != UFO_OK;
        resets++;
    }
    atomic_store(&reader.stop, true);
    team_join(&team);
    if (atomic_load(&reader.zeros) != 0)
        fail_msg("%zu zeros, beside %zu right values and %zu signals", atomic_load(&reader.zeros), atomic_load(&reader.right),
                 atomic_load(&reader.signals));
    assert_int_equal(atomic_load(&reader.wrong), 0);
    /* Before Linux 6.6 the chunk is mapped again, without access until its faults are reported. */
    if (uses_protect(core) || (ufo_core_features(core) & UFO_FEATURE_POISON) != 0)
        assert_int_equal(atomic_load(&reader.others), 0);
    assert_int_equal(strange, 0);
    assert_true(atomic_load(&reader.signals) > 0);
    atomic_store(&source.fail_code, 0);
    assert_ok(ufo_reset(region, 0, LENGTH));
    assert_pattern(ufo_data(region), 0, LENGTH);
    ufo_core_free(core);
}

static void a_small_chunk(void **state) { (void)state, fail_and_reset(4 * KIB, 1000000000); }
static void a_chunk(void **state) { (void)state, fail_and_reset(64 * KIB, 1000000000); }
static void a_small_chunk_that_succeeds_at_times(void **state) { (void)state, fail_and_reset(4 * KIB, 3); }
static void a_chunk_that_succeeds_at_times(void **state) { (void)state, fail_and_reset(64 * KIB, 3); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_chunk),
        cmocka_unit_test(a_chunk),
        cmocka_unit_test(a_small_chunk_that_succeeds_at_times),
        cmocka_unit_test(a_chunk_that_succeeds_at_times),
    };
    return RUN(tests);
}
