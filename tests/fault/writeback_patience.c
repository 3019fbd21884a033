/* SPDX-License-Identifier: MIT */
/* A writeback that always fails, quickly or slowly, with everything changed: who needs memory hears of it within seconds. */
#include "support/support.h"

enum { COUNT = 1 << 20, SOON_MS = 5000, SLOW_MS = 50 };
#define BUDGET (128 * KIB)

static struct store store;
static ATOMIC(unsigned) delay_ms;
static ufo_core *core;
static ufo *region;
static unsigned char *bytes;
static size_t changed;

static int32_t slow_writeback(void *user_data, size_t first, size_t count, const void *data)
{
    unsigned delay = atomic_load(&delay_ms);
    if (delay)
        sleep_ms(delay);
    return store_writeback(user_data, first, count, data);
}

static void store_fails(bool fails)
{
    atomic_store(&store.fail_code, fails ? 5 : 0);
    atomic_store(&store.fail_times, fails ? -1 : 0);
}

/* Changed chunks in all the memory there is, and none of them can be written. */
static void fill_up(unsigned delay)
{
    begin_watched(40);
    core = new_core(BUDGET);
    store_init(&store, COUNT, 1);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 1));
    assert_ok(ufo_config_set_chunk(config, 1));
    assert_ok(ufo_config_set_populate(config, store_populate, &store, NULL));
    assert_ok(ufo_config_set_writeback(config, slow_writeback, &store, NULL));
    region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    bytes = ufo_data(region);
    atomic_store(&delay_ms, 0);
    store_fails(true);
    const unsigned char one = 1;
    for (changed = 0; changed < COUNT && ufo_write(region, changed, 1, &one) == UFO_OK;)
        changed += page_size();
    assert_in_range(changed, page_size(), BUDGET);
    atomic_store(&delay_ms, delay);
}

/* Nothing is lost, and once the store works again so does everything else. */
static void repair(void)
{
    for (size_t at = 0; at < changed; at += page_size())
        assert_int_equal(bytes[at], 1);
    atomic_store(&delay_ms, 0);
    store_fails(false);
    for (size_t at = 0; at < COUNT; at += page_size()) {
        assert_ok(ufo_touch(region, at, 1));
        assert_int_equal(bytes[at], at < changed ? 1 : pattern(at));
    }
    bytes[COUNT - 1] = 1;
    assert_ok(ufo_flush(region, 0, COUNT));
    for (size_t at = 0; at < COUNT; at++)
        if (store.bytes[at] != ((at < changed && at % page_size() == 0) || at == COUNT - 1 ? 1 : pattern(at)))
            fail_msg("byte %zu of the store is %#x", at, store.bytes[at]);
    ufo_core_free(core);
    store_destroy(&store);
}

static bool says_why(ufo_status status) { return status == UFO_ERR_WRITEBACK || status == UFO_ERR_BUDGET; }

#define assert_soon(begin)                                                                                             \
    do {                                                                                                               \
        uint64_t took = now_ms() - (begin);                                                                            \
        if (took > SOON_MS * (UNDER_SANITIZER ? 4 : 1))                                                                \
            fail_msg("took %u ms", (unsigned)took);                                                                    \
    } while (0)

static void calls(unsigned delay)
{
    fill_up(delay);
    unsigned char value = 0;
    uint64_t begin = now_ms();
    assert_true(says_why(ufo_touch(region, COUNT - 1, 1)));
    assert_soon(begin);
    begin = now_ms();
    assert_true(says_why(ufo_read(region, COUNT - 1, 1, &value)));
    assert_soon(begin);
    begin = now_ms();
    assert_true(says_why(ufo_pin(region, COUNT - 1, 1)));
    assert_soon(begin);
    repair();
}

static void a_call_when_it_fails_at_once(void **state) { (void)state, calls(0); }
static void a_call_when_it_fails_slowly(void **state) { (void)state, calls(SLOW_MS); }

static void loads(unsigned delay)
{
    fill_up(delay);
    uint8_t value = 0;
    uint64_t begin = now_ms();
    assert_int_equal(guarded_read(bytes + COUNT - 1, &value), SIGBUS);
    assert_soon(begin);
    begin = now_ms();
    assert_int_equal(guarded_write(bytes + COUNT / 2, value), SIGBUS);
    assert_soon(begin);
    repair();
}

static void a_load_when_it_fails_at_once(void **state) { (void)state, loads(0); }
static void a_load_when_it_fails_slowly(void **state) { (void)state, loads(SLOW_MS); }

/* Threads that all try to make room look busy to each other. */
static ATOMIC(size_t) wrong, longest, next;

static void *touch_one(void *unused)
{
    size_t at = COUNT - (atomic_fetch_add(&next, 1) + 1) * page_size();
    uint64_t begin = now_ms();
    if (!says_why(ufo_touch(region, at, 1)))
        atomic_fetch_add(&wrong, 1);
    size_t took = (size_t)(now_ms() - begin), seen = atomic_load(&longest);
    while (took > seen && !atomic_compare_exchange_weak(&longest, &seen, took)) {
    }
    return unused;
}

static void crowd(unsigned delay)
{
    fill_up(delay);
    atomic_store(&wrong, 0);
    atomic_store(&longest, 0);
    atomic_store(&next, 0);
    struct team team;
    team_start(&team, 4, touch_one, NULL);
    team_join(&team);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_soon(now_ms() - atomic_load(&longest));
    repair();
}

static void a_crowd_when_it_fails_at_once(void **state) { (void)state, crowd(0); }
static void a_crowd_when_it_fails_slowly(void **state) { (void)state, crowd(SLOW_MS); }

static void a_smaller_budget(void **state)
{
    (void)state;
    fill_up(SLOW_MS);
    uint64_t begin = now_ms();
    assert_true(says_why(ufo_core_set_budget(core, 64 * KIB)));
    assert_soon(begin);
    assert_int_equal(core_stats(core).budget_bytes, BUDGET);
    repair();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_when_it_fails_at_once),  cmocka_unit_test(a_load_when_it_fails_at_once),
        cmocka_unit_test(a_crowd_when_it_fails_at_once), cmocka_unit_test(a_call_when_it_fails_slowly),
        cmocka_unit_test(a_load_when_it_fails_slowly),   cmocka_unit_test(a_crowd_when_it_fails_slowly),
        cmocka_unit_test(a_smaller_budget),
    };
    return RUN(tests);
}
