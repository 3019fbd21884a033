/* SPDX-License-Identifier: MIT */
/* Everything is pinned: the next chunk is refused at once. */
#include "support/support.h"

#define BUDGET (1 * MIB)
enum { LENGTH = 4 << 20 };

static ufo_core *core;
static struct source source;
static ufo *region;
static size_t pinned, chunk;

/*
 * Pins chunk after chunk until no more fits.  Each is stored to first, with what it holds anyway: a chunk that is to be read only may
 * need a second frame for a moment, and leave room for one that is to be written.
 */
static void pin_all(void)
{
    core = begin_core(BUDGET);
    memset(&source, 0, sizeof source);
    region = source_region(core, &source, LENGTH, 1, 0);
    chunk = ufo_chunk(region);
    pinned = 0;
    for (;;) {
        unsigned char value = pattern(pinned);
        ufo_status status = ufo_write(region, pinned, 1, &value);
        if (status == UFO_OK)
            status = ufo_pin(region, pinned, chunk);
        if (status != UFO_OK) {
            assert_int_equal(status, UFO_ERR_BUDGET);
            break;
        }
        pinned += chunk;
    }
    assert_in_range(pinned, BUDGET / 2, BUDGET); /* most of the budget is there for pins */
}

static void calls_fail_at_once(void **state)
{
    (void)state;
    pin_all();
    uint64_t begin = now_ms();
    unsigned char value;
    assert_status(ufo_touch(region, LENGTH - 1, 1), UFO_ERR_BUDGET);
    assert_status(ufo_read(region, LENGTH - 1, 1, &value), UFO_ERR_BUDGET);
    assert_status(ufo_write(region, LENGTH - 1, 1, &value), UFO_ERR_BUDGET);
    assert_true(now_ms() - begin < 5000);
    assert_in_range(core_stats(core).used_bytes, 1, BUDGET);

    assert_pattern(ufo_data(region), 0, pinned); /* the pinned part is not disturbed */
    assert_ok(ufo_unpin(region, 0, 2 * chunk));
    assert_ok(ufo_touch(region, LENGTH - 1, 1));
    assert_pattern((unsigned char *)ufo_data(region) + LENGTH - 1, LENGTH - 1, 1);
    ufo_core_free(core);
}

static void a_load_ends_in_sigbus(void **state)
{
    (void)state;
    pin_all();
    const unsigned char *bytes = ufo_data(region);
    uint8_t value;
    assert_int_equal(guarded_read(bytes + LENGTH - 1, &value), SIGBUS);
    assert_ok(ufo_unpin(region, 0, 2 * chunk));
    assert_ok(ufo_touch(region, LENGTH - 1, 1)); /* not a failure of the chunk: no reset is needed */
    assert_int_equal(guarded_read(bytes + LENGTH - 1, &value), 0);
    assert_int_equal(value, pattern(LENGTH - 1));
    ufo_core_free(core);
}

static void a_second_region_suffers_alike(void **state)
{
    (void)state;
    pin_all();
    ufo *zeros = zero_region(core, LENGTH, 0);
    uint8_t value;
    assert_status(ufo_touch(zeros, 0, 1), UFO_ERR_BUDGET);
    assert_int_equal(guarded_write(ufo_data(zeros), 1), SIGBUS);
    ufo_free(region); /* the pins hold its memory, so there is still no room */
    assert_status(ufo_touch(zeros, 0, 1), UFO_ERR_BUDGET);
    assert_ok(ufo_unpin(region, 0, pinned));
    assert_ok(ufo_touch(zeros, 0, 1));
    assert_int_equal(guarded_read(ufo_data(zeros), &value), 0);
    assert_int_equal(value, 0);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_fail_at_once),
        cmocka_unit_test(a_load_ends_in_sigbus),
        cmocka_unit_test(a_second_region_suffers_alike),
    };
    return RUN(tests);
}
