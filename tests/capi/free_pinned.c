/* SPDX-License-Identifier: MIT */
/* ufo_free while somebody holds pins: the pinned memory lives until the last unpin. */
#include "support/support.h"

enum { LENGTH = 1 << 20 };

/* Gone with the last pin; a fault that is just being answered may hold the region a moment longer. */
static bool becomes_unmapped(const unsigned char *bytes)
{
    uint8_t value;
    for (uint64_t end = now_ms() + 2000; now_ms() < end; sleep_ms(1))
        if (guarded_read(bytes, &value) == SIGSEGV)
            return true;
    return false;
}

struct holder {
    ufo *region;
    pthread_barrier_t pinned, freed;
    size_t right;
    ufo_status pin, pin_again, unpin;
    const unsigned char *bytes;
};

static void *hold(void *argument)
{
    struct holder *holder = argument;
    holder->pin = ufo_pin(holder->region, 0, 256 * KIB);
    pthread_barrier_wait(&holder->pinned);
    pthread_barrier_wait(&holder->freed);
    holder->right = pattern_mismatch(holder->bytes, 0, 256 * KIB);
    holder->pin_again = ufo_pin(holder->region, 0, 1);
    holder->unpin = ufo_unpin(holder->region, 0, 256 * KIB);
    return NULL;
}

static void by_another_thread(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    struct holder holder = {.region = source_region(core, &source, LENGTH, 1, 0)};
    holder.bytes = ufo_data(holder.region);
    assert_ok(ufo_advise(holder.region, 0, LENGTH, UFO_ADVICE_RANDOM)); /* only what is asked for */
    pthread_barrier_init(&holder.pinned, NULL, 2);
    pthread_barrier_init(&holder.freed, NULL, 2);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, hold, &holder), 0);
    pthread_barrier_wait(&holder.pinned);

    ufo_free(holder.region); /* does not wait for the pins */
    uint8_t value;
    assert_status(ufo_touch(holder.region, 0, 1), UFO_ERR_CLOSED);
    assert_status(ufo_read(holder.region, 0, 1, &value), UFO_ERR_CLOSED);
    assert_int_equal(guarded_read(holder.bytes + 100, &value), 0);
    assert_int_equal(value, pattern(100));
    assert_int_equal(guarded_read(holder.bytes + LENGTH - 1, &value), SIGBUS); /* not resident */

    pthread_barrier_wait(&holder.freed);
    pthread_join(thread, NULL);
    assert_int_equal(holder.pin, UFO_OK);
    assert_int_equal(holder.right, 256 * KIB);
    assert_int_equal(holder.pin_again, UFO_ERR_CLOSED);
    assert_int_equal(holder.unpin, UFO_OK);
    assert_true(becomes_unmapped(holder.bytes + 100));
    ufo_core_free(core);
    assert_int_equal(atomic_load(&source.frees), 1);
    pthread_barrier_destroy(&holder.pinned);
    pthread_barrier_destroy(&holder.freed);
}

static void changes_before_the_end_are_kept(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    store_init(&store, LENGTH, 1);
    ufo *region = store_region(core, &store, 0);
    unsigned char *bytes = ufo_data(region);
    assert_ok(ufo_pin(region, 0, 10));
    bytes[3] = 33;
    ufo_free(region);
    assert_int_equal(store.bytes[3], 33);
    assert_int_equal(bytes[3], 33);
    assert_ok(ufo_unpin(region, 0, 10));
    ufo_core_free(core);
    assert_int_equal(atomic_load(&store.frees), 2);
    store_destroy(&store);
}

/* The pins are those of the whole region: it ends with the last one. */
static void the_last_unpin_counts(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    const unsigned char *bytes = ufo_data(region);
    uint8_t value;
    assert_ok(ufo_pin(region, 0, 1));
    assert_ok(ufo_pin(region, 0, 1));
    assert_ok(ufo_pin(region, LENGTH - 1, 1));
    ufo_free(region);
    assert_ok(ufo_unpin(region, 0, 1));
    assert_ok(ufo_unpin(region, LENGTH - 1, 1));
    assert_int_equal(guarded_read(bytes, &value), 0);
    assert_int_equal(value, pattern(0));
    assert_ok(ufo_unpin(region, 0, 1));
    assert_true(becomes_unmapped(bytes));
    assert_status(ufo_unpin(region, 0, 1), UFO_ERR_CLOSED);
    assert_int_equal(core_stats(core).regions, 0);
    ufo_core_free(core);
}

/* The same for the end of the core. */
static void core_freed_under_a_pin(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    const unsigned char *bytes = ufo_data(region);
    uint8_t value;
    assert_ok(ufo_pin(region, 0, 1));
    ufo_core_free(core);
    assert_int_equal(guarded_read(bytes, &value), 0);
    assert_int_equal(value, pattern(0));
    assert_status(ufo_touch(region, 0, 1), UFO_ERR_CLOSED);
    assert_ok(ufo_unpin(region, 0, 1));
    assert_true(becomes_unmapped(bytes));
    assert_int_equal(atomic_load(&source.frees), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_another_thread),
        cmocka_unit_test(changes_before_the_end_are_kept),
        cmocka_unit_test(the_last_unpin_counts),
        cmocka_unit_test(core_freed_under_a_pin),
    };
    return RUN(tests);
}
