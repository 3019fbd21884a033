/* SPDX-License-Identifier: MIT */
/* A populate callback that fails: everybody who needs the chunk learns of it, and reset makes it usable again. */
#include "support/support.h"

enum { COUNT = 1 << 17 };
#define BUDGET (4 * MIB)

static struct source source;

/* Fails for element 70000, with 42. */
static ufo *failing_region(ufo_core *core, int times, uint32_t retries, uint32_t delay_ms)
{
    memset(&source, 0, sizeof source);
    source.count = COUNT;
    source.element_size = 8;
    source.fail_first = 70000;
    source.fail_count = 1;
    atomic_store(&source.fail_code, 42);
    atomic_store(&source.fail_times, times);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 8));
    assert_ok(ufo_config_set_chunk(config, 1));
    assert_ok(ufo_config_set_populate(config, source_populate, &source, source_free));
    assert_ok(ufo_config_set_retry(config, retries, delay_ms));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    assert_ok(ufo_advise(region, 0, COUNT, UFO_ADVICE_RANDOM));
    return region;
}

static void calls_return_the_code(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = failing_region(core, -1, 0, 0);
    uint64_t value;
    assert_status(ufo_touch(region, 70000, 1), UFO_ERR_POPULATE);
    assert_int_equal(ufo_last_callback_code(), 42);
    assert_error_names("42");
    char sentence[1000];
    snprintf(sentence, sizeof sentence, "%s", ufo_last_error());
    size_t first = 70000 / ufo_chunk(region) * ufo_chunk(region);
    char element[32];
    snprintf(element, sizeof element, "%zu", first);
    if (!strstr(sentence, element) && !strstr(sentence, "70000"))
        fail_msg("the sentence names neither element %zu nor 70000: %s", first, sentence);

    /* The chunk has failed: the callback is not asked again until reset. */
    size_t calls = atomic_load(&source.calls);
    assert_status(ufo_read(region, 70000, 1, &value), UFO_ERR_POPULATE);
    assert_int_equal(ufo_last_callback_code(), 42);
    assert_status(ufo_pin(region, 70000, 1), UFO_ERR_POPULATE);
    assert_status(ufo_write(region, 70000, 1, &value), UFO_ERR_POPULATE);
    assert_int_equal(atomic_load(&source.calls), calls);

    assert_ok(ufo_touch(region, 0, 60000)); /* others are not concerned */
    assert_status(ufo_touch(region, 0, COUNT), UFO_ERR_POPULATE);
    assert_pattern(ufo_data(region), 0, 69000 * 8);
    assert_pattern((uint64_t *)ufo_data(region) + 71000, 71000 * 8, 8);
    assert_true(region_stats(region).failures >= 1);

    atomic_store(&source.fail_code, 0);
    assert_ok(ufo_reset(region, 70000, 1));
    assert_pattern(ufo_data(region), 0, (size_t)COUNT * 8);
    ufo_core_free(core);
    assert_int_equal(atomic_load(&source.frees), 1);
}

struct victims {
    const unsigned char *address;
    pthread_barrier_t start;
    ATOMIC(int) sigbus, others;
};

static void *load(void *argument)
{
    struct victims *victims = argument;
    uint8_t value;
    pthread_barrier_wait(&victims->start);
    int signal_number = guarded_read(victims->address, &value);
    atomic_fetch_add(signal_number == SIGBUS ? &victims->sigbus : &victims->others, 1);
    return NULL;
}

static void every_faulting_thread_gets_sigbus(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = failing_region(core, -1, 0, 0);
    source.delay_ms = 50; /* so that all of them wait for the same call */
    struct victims victims = {.address = (unsigned char *)ufo_data(region) + 70000 * 8};
    for (int round = 0; round < 3; round++) {
        pthread_barrier_init(&victims.start, NULL, 8);
        struct team team;
        team_start(&team, 8, load, &victims);
        team_join(&team);
        pthread_barrier_destroy(&victims.start);
        assert_int_equal(atomic_load(&victims.sigbus), 8 * (round + 1));
        assert_int_equal(atomic_load(&victims.others), 0);
        if (round == 1)
            assert_ok(ufo_reset(region, 70000, 1)); /* and once more from the beginning */
    }
    source.delay_ms = 0;
    uint8_t value;
    assert_int_equal(guarded_write((unsigned char *)victims.address, 1), SIGBUS);
    atomic_store(&source.fail_code, 0);
    assert_ok(ufo_reset(region, 0, COUNT));
    assert_int_equal(guarded_read(victims.address, &value), 0);
    assert_int_equal(value, pattern(70000 * 8));
    assert_int_equal(guarded_write((unsigned char *)victims.address, 1), 0);
    ufo_core_free(core); /* does not wait for the threads that left by siglongjmp */
    assert_int_equal(atomic_load(&source.frees), 1);
}

static void retries_help(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = failing_region(core, 3, 3, 10);
    uint64_t begin = now_ms();
    assert_ok(ufo_touch(region, 70000, 1));
    assert_int_equal(atomic_load(&source.calls), 4);
    assert_true(now_ms() - begin >= 30); /* ten milliseconds apart */
    assert_pattern((uint64_t *)ufo_data(region) + 70000, 70000 * 8, 8);
    ufo_core_free(core);
}

static void retries_are_counted(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = failing_region(core, 4, 3, 0);
    assert_status(ufo_touch(region, 70000, 1), UFO_ERR_POPULATE);
    assert_int_equal(atomic_load(&source.calls), 4);
    assert_ok(ufo_reset(region, 70000, 1));
    uint8_t value;
    assert_int_equal(guarded_read((uint64_t *)ufo_data(region) + 70000, &value), 0);
    assert_int_equal(atomic_load(&source.calls), 5);

    atomic_store(&source.fail_times, 4); /* by fault, too */
    assert_ok(ufo_reset(region, 70000, 1));
    assert_int_equal(guarded_read((uint64_t *)ufo_data(region) + 70000, &value), SIGBUS);
    assert_int_equal(atomic_load(&source.calls), 9);
    ufo_core_free(core);
}

/* Failures leave no memory behind that the budget counts. */
static void failures_do_not_use_up_the_budget(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = failing_region(core, -1, 0, 0);
    source.fail_first = 0;
    source.fail_count = COUNT;
    uint8_t value;
    for (int round = 0; round < 20; round++) {
        for (size_t at = 0; at < COUNT * 8; at += 16 * KIB)
            assert_int_equal(guarded_read((unsigned char *)ufo_data(region) + at, &value), SIGBUS);
        assert_ok(ufo_reset(region, 0, COUNT));
    }
    atomic_store(&source.fail_code, 0);
    assert_pattern(ufo_data(region), 0, (size_t)COUNT * 8);
    ufo_free(region);
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_return_the_code),
        cmocka_unit_test(every_faulting_thread_gets_sigbus),
        cmocka_unit_test(retries_help),
        cmocka_unit_test(retries_are_counted),
        cmocka_unit_test(failures_do_not_use_up_the_budget),
    };
    return RUN(tests);
}
