/* SPDX-License-Identifier: MIT */
/* One populate call takes long: only those who need its elements wait. */
#include "support/support.h"

enum { LENGTH = 8 << 20 };

static ATOMIC(bool) inside, finished, may_end;
static ATOMIC(unsigned) most_ms;

/* Slow for the first chunk only. */
static int32_t populate(void *user_data, size_t first, size_t count, void *out)
{
    (void)user_data;
    if (first == 0) {
        atomic_store(&inside, true);
        for (unsigned waited = 0; waited < atomic_load(&most_ms) && !atomic_load(&may_end); waited++)
            sleep_ms(1);
        atomic_store(&finished, true);
    }
    pattern_fill(out, first, count);
    return 0;
}

static void freed(void *user_data) { atomic_fetch_add((ATOMIC(int) *)user_data, 1); }

struct slow {
    ufo *region;
    bool by_call;
    int signal_number;
    ufo_status status;
    uint8_t value;
};

static void *first_element(void *argument)
{
    struct slow *slow = argument;
    const unsigned char *bytes = ufo_data(slow->region);
    if (slow->by_call)
        slow->status = ufo_touch(slow->region, 0, 1);
    else
        slow->signal_number = guarded_read(bytes, &slow->value);
    return NULL;
}

static ufo *slow_region(ufo_core *core, ATOMIC(int) * frees, unsigned ms)
{
    atomic_store(&most_ms, ms);
    atomic_store(&may_end, false);
    atomic_store(&inside, false);
    atomic_store(&finished, false);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_populate(config, populate, frees, freed));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_RANDOM));
    return region;
}

static void wait_until_inside(void)
{
    while (!atomic_load(&inside))
        sleep_ms(1);
}

static void others_proceed(void **state)
{
    (void)state;
    ufo_core *core = begin_core(1 * MIB); /* with evictions and changes */
    for (int by_call = 0; by_call < 2; by_call++) {
        ATOMIC(int) frees = 0;
        struct slow slow = {.region = slow_region(core, &frees, 60000), .by_call = by_call};
        unsigned char *bytes = ufo_data(slow.region);
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, first_element, &slow), 0);
        wait_until_inside();
        assert_pattern(bytes + MIB, MIB, LENGTH - MIB);
        for (size_t at = MIB; at < LENGTH; at += 64 * KIB)
            bytes[at] = 1;
        assert_ok(ufo_flush(slow.region, MIB, LENGTH - MIB));
        assert_ok(ufo_evict(slow.region, MIB, LENGTH - MIB));
        ufo *other = zero_region(core, MIB, 0);
        assert_true(all_zero(ufo_data(other), MIB));
        ufo_free(other);
        assert_false(atomic_load(&finished)); /* all of that while it was still at it */
        atomic_store(&may_end, true);
        pthread_join(thread, NULL);
        assert_int_equal(slow.status, UFO_OK);
        assert_int_equal(slow.signal_number, 0);
        if (!by_call)
            assert_int_equal(slow.value, pattern(0));
        ufo_free(slow.region);
        assert_int_equal(atomic_load(&frees), 1);
    }
    ufo_core_free(core);
}

/* ufo_free waits for the call, and whoever waits for the chunk gets an end. */
static void freed_meanwhile(void **state)
{
    (void)state;
    ufo_core *core = begin_core(1 * MIB);
    for (int by_call = 0; by_call < 2; by_call++) {
        ATOMIC(int) frees = 0;
        struct slow slow = {.region = slow_region(core, &frees, 1000), .by_call = by_call};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, first_element, &slow), 0);
        wait_until_inside();
        ufo_free(slow.region);
        assert_true(atomic_load(&finished));
        assert_int_equal(atomic_load(&frees), 1);
        pthread_join(thread, NULL);
        if (by_call)
            assert_true(slow.status == UFO_OK || slow.status == UFO_ERR_CLOSED);
        else if (slow.signal_number == 0)
            assert_int_equal(slow.value, pattern(0));
        else
            assert_true(slow.signal_number == SIGBUS || slow.signal_number == SIGSEGV);
    }
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(others_proceed), cmocka_unit_test(freed_meanwhile)};
    return RUN(tests);
}
