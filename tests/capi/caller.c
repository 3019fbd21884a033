/* SPDX-License-Identifier: MIT */
/* UFO_POPULATE_CALLER: callbacks run on a thread that asked for the elements, and on no other. */
#include "support/support.h"

#include <fcntl.h>

enum { LENGTH = 4 << 20 };
#define BUDGET (1 * MIB)

static struct store store;
static pthread_t asker;
static ATOMIC(size_t) strangers; /* calls from other threads */

static int32_t populate(void *user_data, size_t first, size_t count, void *out)
{
    if (!pthread_equal(pthread_self(), asker))
        atomic_fetch_add(&strangers, 1);
    return store_populate(user_data, first, count, out);
}

static ATOMIC(bool) may_write_back;

static int32_t writeback(void *user_data, size_t first, size_t count, const void *data)
{
    if (!pthread_equal(pthread_self(), asker) || !atomic_load(&may_write_back))
        atomic_fetch_add(&strangers, 1);
    return store_writeback(user_data, first, count, data);
}

static ufo *caller_region(ufo_core *core)
{
    store_init(&store, LENGTH, 1);
    asker = pthread_self();
    atomic_store(&strangers, 0);
    atomic_store(&may_write_back, false);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_populate(config, populate, &store, store_free));
    assert_ok(ufo_config_set_writeback(config, writeback, &store, store_free));
    assert_ok(ufo_config_set_populate_policy(config, UFO_POPULATE_CALLER));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    return region;
}

static void finish(ufo_core *core)
{
    atomic_store(&may_write_back, true);
    ufo_core_free(core);
    assert_int_equal(atomic_load(&strangers), 0);
    assert_int_equal(atomic_load(&store.frees), 2);
    store_destroy(&store);
}

static void a_stray_access_ends_in_sigbus(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = caller_region(core);
    unsigned char *bytes = ufo_data(region);
    uint8_t value;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(guarded_read(bytes + 100, &value), SIGBUS);
        assert_int_equal(guarded_write(bytes + 100, 1), SIGBUS);
    }
    assert_int_equal(atomic_load(&store.populates), 0);

    assert_ok(ufo_touch(region, 100, 1)); /* no reset needed */
    assert_int_equal(guarded_read(bytes + 100, &value), 0);
    assert_int_equal(value, pattern(100));
    assert_int_equal(guarded_write(bytes + 100, 7), 0);
    assert_int_equal(bytes[100], 7);

    atomic_store(&may_write_back, true);
    assert_ok(ufo_flush(region, 0, LENGTH));
    assert_ok(ufo_evict(region, 100, 1));
    assert_int_equal(guarded_read(bytes + 100, &value), SIGBUS); /* absent again */
    assert_ok(ufo_read(region, 100, 1, &value));
    assert_int_equal(value, 7);
    finish(core);
}

static void a_system_call_gets_efault(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = caller_region(core);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], ufo_data(region), 10), -1); /* and does not wait for ever */
    assert_ok(ufo_pin(region, 0, 10));
    assert_int_equal(write(ends[1], ufo_data(region), 10), 10);
    assert_ok(ufo_unpin(region, 0, 10));
    close(ends[0]);
    close(ends[1]);
    finish(core);
}

static void advice_does_not_break_the_rule(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = caller_region(core);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_SEQUENTIAL));
    assert_ok(ufo_advise(region, 0, LENGTH / 2, UFO_ADVICE_WILLNEED));
    unsigned char block[5000];
    for (size_t at = 0; at + sizeof block <= LENGTH; at += sizeof block) {
        assert_ok(ufo_read(region, at, sizeof block, block));
        assert_pattern(block, at, sizeof block);
    }
    sleep_ms(50);
    finish(core);
}

/* Under pressure changes go to the spill; the callback hears of them inside flush and free only. */
static void changes_wait_for_the_caller(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = caller_region(core);
    unsigned char block[4096];
    for (size_t at = 0; at < LENGTH; at += sizeof block) {
        memset(block, (int)(at / sizeof block % 255), sizeof block);
        assert_ok(ufo_write(region, at, sizeof block, block));
    }
    assert_int_equal(atomic_load(&store.writebacks), 0);
    assert_true(core_stats(core).spilled_bytes > 0);
    for (size_t at = 0; at < LENGTH; at += sizeof block) {
        assert_ok(ufo_read(region, at + 5, 1, block));
        assert_int_equal(block[0], at / sizeof block % 255);
    }
    atomic_store(&may_write_back, true);
    assert_ok(ufo_flush(region, 0, LENGTH / 2));
    for (size_t at = 0; at < LENGTH / 2; at++)
        assert_int_equal(store.bytes[at], at / sizeof block % 255);
    ufo_free(region);
    for (size_t at = 0; at < LENGTH; at++)
        if (store.bytes[at] != at / sizeof block % 255)
            fail_msg("byte %zu of the store is %#x", at, store.bytes[at]);
    finish(core);
}

/* A pinned range is ordinary memory for everybody. */
static void *read_pinned(void *argument)
{
    const unsigned char *bytes = argument;
    return pattern_mismatch(bytes, 0, 256 * KIB) == 256 * KIB ? argument : NULL;
}

static void a_pinned_view_serves_other_threads(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = caller_region(core);
    assert_ok(ufo_pin(region, 0, 256 * KIB));
    pthread_t thread;
    void *right = NULL;
    assert_int_equal(pthread_create(&thread, NULL, read_pinned, ufo_data(region)), 0);
    pthread_join(thread, &right);
    assert_non_null(right);
    assert_ok(ufo_unpin(region, 0, 256 * KIB));
    finish(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stray_access_ends_in_sigbus),      cmocka_unit_test(a_system_call_gets_efault),
        cmocka_unit_test(advice_does_not_break_the_rule),     cmocka_unit_test(changes_wait_for_the_caller),
        cmocka_unit_test(a_pinned_view_serves_other_threads),
    };
    return RUN(tests);
}
