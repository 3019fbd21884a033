/* SPDX-License-Identifier: MIT */
/* touch, pin, unpin. */
#include "support/support.h"

enum { COUNT = 1 << 20 }; /* bytes, in chunks of a page */
#define BUDGET (256 * KIB)

static ufo_core *core;
static struct source source;
static ufo *region;
static const unsigned char *bytes;
static size_t page;

static void setup(void)
{
    core = begin_core(BUDGET);
    memset(&source, 0, sizeof source);
    region = source_region(core, &source, COUNT, 1, 1);
    bytes = ufo_data(region);
    page = page_size();
    assert_ok(ufo_advise(region, 0, COUNT, UFO_ADVICE_RANDOM));
}

static void touch_makes_resident(void **state)
{
    (void)state;
    setup();
    assert_ok(ufo_touch(region, page + 1, 3 * page)); /* meets four chunks */
    assert_int_equal(resident_bytes(bytes + page, 4 * page), 4 * page);
    assert_int_equal(atomic_load(&source.elements), 4 * page);
    assert_ok(ufo_touch(region, 2 * page, 1)); /* there already */
    assert_int_equal(atomic_load(&source.elements), 4 * page);
    assert_int_equal(region_stats(region).resident_bytes, 4 * page);
    ufo_core_free(core);
}

static void a_pinned_chunk_stays(void **state)
{
    (void)state;
    setup();
    assert_ok(ufo_pin(region, 10 * page, page));
    assert_int_equal(region_stats(region).pins, 1);
    assert_pattern(bytes, 0, COUNT); /* four times the budget */
    assert_int_equal(resident_bytes(bytes + 10 * page, page), page);

    size_t asked = atomic_load(&source.elements);
    assert_status(ufo_evict(region, 10 * page, 1), UFO_ERR_PINNED);
    assert_status(ufo_reset(region, 10 * page, 1), UFO_ERR_PINNED);
    assert_status(ufo_evict(region, 0, COUNT), UFO_ERR_PINNED); /* the others leave */
    assert_int_equal(resident_bytes(bytes, COUNT), page);
    assert_pattern(bytes + 10 * page, 10 * page, page);
    assert_int_equal(atomic_load(&source.elements), asked);

    assert_ok(ufo_unpin(region, 10 * page, page));
    assert_ok(ufo_evict(region, 10 * page, 1));
    assert_int_equal(resident_bytes(bytes, COUNT), 0);
    ufo_core_free(core);
}

static void pins_nest(void **state)
{
    (void)state;
    setup();
    assert_ok(ufo_pin(region, 0, 2 * page));
    assert_ok(ufo_pin(region, page, 2 * page)); /* overlaps in chunk 1 */
    assert_ok(ufo_pin(region, page, 1));
    assert_int_equal(region_stats(region).pins, 5);
    assert_ok(ufo_unpin(region, 0, 2 * page));
    assert_ok(ufo_evict(region, 0, 1));
    assert_status(ufo_evict(region, page, 1), UFO_ERR_PINNED);
    assert_ok(ufo_unpin(region, page, 2 * page));
    assert_status(ufo_evict(region, page, 1), UFO_ERR_PINNED);
    assert_ok(ufo_unpin(region, page, 1));
    assert_ok(ufo_evict(region, page, 1));
    assert_int_equal(region_stats(region).pins, 0);
    ufo_core_free(core);
}

static void unpin_needs_a_pin(void **state)
{
    (void)state;
    setup();
    assert_status(ufo_unpin(region, 0, 1), UFO_ERR_NOT_PINNED);
    assert_ok(ufo_touch(region, 0, 1));
    assert_status(ufo_unpin(region, 0, 1), UFO_ERR_NOT_PINNED);
    assert_ok(ufo_pin(region, 0, 1));
    assert_status(ufo_unpin(region, 0, 2 * page), UFO_ERR_NOT_PINNED); /* chunk 1 is not: no change */
    assert_int_equal(region_stats(region).pins, 1);
    assert_status(ufo_evict(region, 0, 1), UFO_ERR_PINNED);
    assert_ok(ufo_unpin(region, 0, 1));
    assert_status(ufo_unpin(region, 0, 1), UFO_ERR_NOT_PINNED);
    ufo_core_free(core);
}

static void only_so_often(void **state)
{
    (void)state;
    setup();
    enum { MOST = 32767 };
    const size_t at = 2 * page + 7;
    for (size_t i = 0; i < MOST; i++)
        assert_ok(ufo_pin(region, at, 1));
    assert_status(ufo_pin(region, at, 1), UFO_ERR_LIMIT);
    assert_error_names("32767");
    assert_status(ufo_pin(region, 0, 3 * page), UFO_ERR_LIMIT); /* the third chunk of these: the others are let go again */
    assert_int_equal(region_stats(region).pins, MOST);
    assert_ok(ufo_evict(region, 0, 2 * page));
    assert_pattern(bytes, 0, COUNT);
    for (size_t i = 0; i < MOST; i++)
        assert_ok(ufo_unpin(region, at, 1));
    assert_status(ufo_unpin(region, at, 1), UFO_ERR_NOT_PINNED);
    assert_ok(ufo_evict(region, 0, COUNT));
    ufo_core_free(core);
}

/* A pinned chunk may be written to, and its changes flushed. */
static void a_pinned_chunk_is_writable(void **state)
{
    (void)state;
    core = begin_core(BUDGET);
    struct store store;
    store_init(&store, COUNT, 1);
    region = store_region(core, &store, 1);
    assert_ok(ufo_pin(region, 0, 10));
    ((unsigned char *)ufo_data(region))[3] = 99;
    assert_ok(ufo_flush(region, 0, 1));
    assert_int_equal(store.bytes[3], 99);
    ((unsigned char *)ufo_data(region))[3] = 98; /* after a flush it is watched again */
    assert_ok(ufo_unpin(region, 0, 10));
    assert_ok(ufo_evict(region, 0, 1));
    assert_int_equal(store.bytes[3], 98);
    ufo_core_free(core);
    store_destroy(&store);
}

static void nothing_stays_pinned_after_an_error(void **state)
{
    (void)state;
    setup();
    source.fail_first = 5 * page;
    source.fail_count = 1;
    atomic_store(&source.fail_times, -1);
    atomic_store(&source.fail_code, 9);
    assert_status(ufo_pin(region, 3 * page, 4 * page), UFO_ERR_POPULATE);
    assert_int_equal(region_stats(region).pins, 0);
    assert_status(ufo_pin(region, 0, COUNT + 1), UFO_ERR_RANGE);
    assert_int_equal(region_stats(region).pins, 0);
    ufo_core_free(core);
}

static void nothing_stays_pinned_without_room(void **state)
{
    (void)state;
    setup();
    assert_status(ufo_pin(region, 0, COUNT), UFO_ERR_BUDGET);
    assert_int_equal(region_stats(region).pins, 0);
    assert_ok(ufo_evict(region, 0, COUNT));
    assert_pattern(bytes, 0, COUNT);
    ufo_core_free(core);
}

static void empty_ranges(void **state)
{
    (void)state;
    setup();
    assert_ok(ufo_touch(region, 0, 0));
    assert_ok(ufo_touch(region, COUNT, 0));
    assert_ok(ufo_pin(region, 5, 0));
    assert_ok(ufo_unpin(region, 5, 0));
    assert_int_equal(atomic_load(&source.calls), 0);
    assert_int_equal(region_stats(region).pins, 0);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(touch_makes_resident),
        cmocka_unit_test(a_pinned_chunk_stays),
        cmocka_unit_test(pins_nest),
        cmocka_unit_test(only_so_often),
        cmocka_unit_test(unpin_needs_a_pin),
        cmocka_unit_test(a_pinned_chunk_is_writable),
        cmocka_unit_test(nothing_stays_pinned_after_an_error),
        cmocka_unit_test(nothing_stays_pinned_without_room),
        cmocka_unit_test(empty_ranges),
    };
    return RUN(tests);
}
