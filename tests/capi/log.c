/* SPDX-License-Identifier: MIT */
/* The log callback: the only voice of the library, for what no call can return. */
#include "support/support.h"

struct journal {
    ATOMIC(size_t) messages, errors, strange;
    ATOMIC(int) frees;
    pthread_mutex_t lock;
    char last[1000]; /* error or warning */
};

static void note(void *user_data, ufo_log_level level, const char *message)
{
    struct journal *journal = user_data;
    atomic_fetch_add(&journal->messages, 1);
    if (level < UFO_LOG_ERROR || level > UFO_LOG_DEBUG || !message || !message[0])
        atomic_fetch_add(&journal->strange, 1);
    if (level <= UFO_LOG_WARNING) {
        pthread_mutex_lock(&journal->lock);
        snprintf(journal->last, sizeof journal->last, "%s", message);
        pthread_mutex_unlock(&journal->lock);
        atomic_fetch_add(&journal->errors, 1);
    }
}

static void journal_free(void *user_data) { atomic_fetch_add(&((struct journal *)user_data)->frees, 1); }

static bool wait_for_error(struct journal *journal)
{
    for (uint64_t end = now_ms() + 10000; now_ms() < end; sleep_ms(1))
        if (atomic_load(&journal->errors) > 0)
            return true;
    return false;
}

/* A load that ends in SIGBUS cannot return a sentence: the log has it. */
static void tells_of_failed_faults(void **state)
{
    (void)state;
    begin_test(60);
    struct journal journal = {.lock = PTHREAD_MUTEX_INITIALIZER};
    ufo_core_config *config = ufo_core_config_new();
    assert_ok(ufo_core_config_set_budget(config, 4 * MIB));
    assert_ok(ufo_core_config_set_log(config, note, &journal, journal_free));
    ufo_core *core = ufo_core_new(config);
    assert_non_null(core);
    ufo_core_config_free(config);
    assert_int_equal(atomic_load(&journal.frees), 0);

    struct source source = {.fail_count = SIZE_MAX};
    atomic_store(&source.fail_code, 4711);
    atomic_store(&source.fail_times, -1);
    ufo *region = source_region(core, &source, 100000, 8, 0);
    uint8_t value;
    assert_int_equal(guarded_read(ufo_data(region), &value), SIGBUS);
    assert_true(wait_for_error(&journal));
    pthread_mutex_lock(&journal.lock);
    bool names_the_code = strstr(journal.last, "4711") != NULL;
    pthread_mutex_unlock(&journal.lock);
    if (!names_the_code)
        fail_msg("the message does not name the callback's code: %s", journal.last);
    ufo_core_free(core);
    assert_int_equal(atomic_load(&journal.strange), 0);
    assert_int_equal(atomic_load(&journal.frees), 1);
}

/* A write-back that fails in the background is reported, too. */
static void tells_of_failed_write_backs(void **state)
{
    (void)state;
    begin_test(60);
    struct journal journal = {.lock = PTHREAD_MUTEX_INITIALIZER};
    ufo_core_config *config = ufo_core_config_new();
    assert_ok(ufo_core_config_set_budget(config, 1 * MIB));
    assert_ok(ufo_core_config_set_log(config, note, &journal, journal_free));
    ufo_core *core = ufo_core_new(config);
    assert_non_null(core);
    struct store store;
    store_init(&store, 4 * MIB, 1);
    ufo *region = store_region(core, &store, 0);
    struct source source = {0};
    ufo *other = source_region(core, &source, 4 * MIB, 1, 0);
    atomic_store(&store.fail_code, 3);
    atomic_store(&store.fail_times, 5);
    memset(ufo_data(region), 1, 512 * KIB);
    assert_pattern(ufo_data(other), 0, 4 * MIB); /* pushes the changed chunks out */
    assert_ok(ufo_flush(region, 0, 4 * MIB));
    assert_int_equal(store.bytes[512 * KIB - 1], 1);
    if (atomic_load(&store.fail_times) < 5)
        assert_true(wait_for_error(&journal));
    ufo_core_free(core);
    ufo_core_config_free(config);
    assert_int_equal(atomic_load(&journal.strange), 0);
    assert_int_equal(atomic_load(&journal.frees), 1);
    store_destroy(&store);
}

static void frees_exactly_once(void **state)
{
    (void)state;
    begin_test(30);
    struct journal journal = {.lock = PTHREAD_MUTEX_INITIALIZER};
    ufo_core_config *config = ufo_core_config_new();
    assert_ok(ufo_core_config_set_log(config, note, &journal, journal_free));
    assert_ok(ufo_core_config_set_log(config, note, &journal, journal_free)); /* replaces the first */
    assert_int_equal(atomic_load(&journal.frees), 1);
    ufo_core *first = ufo_core_new(config), *second = ufo_core_new(config);
    ufo_core_free(first);
    ufo_core_config_free(config);
    assert_int_equal(atomic_load(&journal.frees), 1);
    ufo_core_free(second);
    assert_int_equal(atomic_load(&journal.frees), 2);
    ufo_core_config_set_log(NULL, note, &journal, journal_free);
    assert_int_equal(atomic_load(&journal.frees), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_of_failed_faults),
        cmocka_unit_test(tells_of_failed_write_backs),
        cmocka_unit_test(frees_exactly_once),
    };
    return RUN(tests);
}
