/* SPDX-License-Identifier: MIT */
/* Discarded pages of a UFO_POPULATE_CALLER region: its callback runs on no thread of the library, and lost changes are said to be lost by every call. */
#include "support/support.h"

#include <sys/mman.h>

enum { LENGTH = 1 << 20 };

static struct source source;
static pthread_t asker;
static ATOMIC(size_t) strangers;

static int32_t populate(void *user_data, size_t first, size_t count, void *out)
{
    if (!pthread_equal(pthread_self(), asker))
        atomic_fetch_add(&strangers, 1);
    return source_populate(user_data, first, count, out);
}

static ufo *new_region(ufo_core *core, ufo_populate_policy policy, size_t chunk, bool read_only)
{
    memset(&source, 0, sizeof source);
    source.count = LENGTH;
    source.element_size = 1;
    asker = pthread_self();
    atomic_store(&strangers, 0);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_chunk(config, chunk));
    assert_ok(ufo_config_set_read_only(config, read_only));
    assert_ok(ufo_config_set_populate(config, populate, &source, NULL));
    assert_ok(ufo_config_set_populate_policy(config, policy));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    return region;
}

static void an_unchanged_chunk(size_t chunk, bool read_only)
{
    begin_watched(30);
    ufo_core *core = new_core(4 * MIB);
    ufo *region = new_region(core, UFO_POPULATE_CALLER, chunk, read_only);
    unsigned char *bytes = ufo_data(region), copy[100];
    uint8_t value = 0;
    for (int round = 0; round < 10; round++) {
        assert_ok(ufo_touch(region, 0, LENGTH));
        assert_int_equal(madvise(bytes, page_size(), MADV_DONTNEED), 0);
        assert_int_equal(guarded_read(bytes + 10, &value), SIGBUS); /* stray, as if it had left */
        assert_int_equal(atomic_load(&strangers), 0);
        assert_pattern(bytes + LENGTH / 2, LENGTH / 2, LENGTH / 2); /* the other chunks do not care */
        assert_ok(round % 2 ? ufo_read(region, 10, sizeof copy, copy) : ufo_touch(region, 10, 1));
        if (round % 2)
            assert_pattern(copy, 10, sizeof copy);
        assert_int_equal(guarded_read(bytes + 10, &value), 0);
        assert_int_equal(value, pattern(10));
        assert_pattern(bytes, 0, LENGTH);
    }
    ufo_core_free(core);
}

static void unchanged_chunks(void **state)
{
    (void)state;
    for (size_t chunk = 4 * KIB; chunk <= 64 * KIB; chunk *= 16) {
        an_unchanged_chunk(chunk, false);
        an_unchanged_chunk(chunk, true);
    }
}

/* ---- Changed ones ---- */

static ufo_status by_flush(ufo *region) { return ufo_flush(region, 0, 1); }
static ufo_status by_evict(ufo *region) { return ufo_evict(region, 0, 1); }
static ufo_status by_touch(ufo *region) { return ufo_touch(region, 0, 1); }

static ufo_status by_pin(ufo *region)
{
    ufo_status status = ufo_pin(region, 0, 1);
    if (status == UFO_OK)
        assert_ok(ufo_unpin(region, 0, 1));
    return status;
}

/* Who needs the content has to say it is lost, at once; who just wants the chunk to be there may not have looked at it. */
static const struct {
    const char *name;
    ufo_status (*call)(ufo *region);
    bool looks;
} calls[] = {{"ufo_flush", by_flush, true}, {"ufo_evict", by_evict, true}, {"ufo_touch", by_touch, false}, {"ufo_pin", by_pin, false}};

static size_t wrong_answers(ufo *region)
{
    unsigned char *bytes = ufo_data(region);
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        assert_ok(ufo_touch(region, 0, LENGTH));
        bytes[50] = (unsigned char)~pattern(50);
        assert_int_equal(madvise(bytes, page_size(), MADV_DONTNEED), 0);
        ufo_status status = calls[i].call(region);
        if (status != UFO_ERR_LOST && (calls[i].looks || status != UFO_OK)) {
            print_error("%s gives %s\n", calls[i].name, ufo_status_string(status));
            wrong++;
        }
        /* Whatever came first: an error from then on, and neither zeros nor old values. */
        uint8_t value = 0;
        int signal_number = guarded_read(bytes + 50, &value);
        status = ufo_read(region, 50, 1, &value);
        if (status != UFO_ERR_LOST || signal_number != SIGBUS) {
            print_error("after %s: ufo_read gives %s, a load signal %d\n", calls[i].name, ufo_status_string(status), signal_number);
            wrong++;
        }
        assert_ok(ufo_reset(region, 0, 1));
        assert_ok(ufo_read(region, 50, 1, &value));
        assert_int_equal(value, pattern(50));
    }
    return wrong;
}

static void a_changed_chunk(ufo_populate_policy policy, size_t chunk)
{
    begin_watched(30);
    ufo_core *core = new_core(4 * MIB);
    ufo *region = new_region(core, policy, chunk, false);
    assert_int_equal(wrong_answers(region), 0);
    if (policy == UFO_POPULATE_CALLER)
        assert_int_equal(atomic_load(&strangers), 0);
    ufo_core_free(core);
}

static void changed_chunks_of_a_caller(void **state)
{
    (void)state;
    a_changed_chunk(UFO_POPULATE_CALLER, 4 * KIB);
    a_changed_chunk(UFO_POPULATE_CALLER, 64 * KIB);
}

static void changed_chunks_of_anybody(void **state)
{
    (void)state;
    a_changed_chunk(UFO_POPULATE_ANYWHERE, 4 * KIB);
    a_changed_chunk(UFO_POPULATE_ANYWHERE, 64 * KIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_chunks),
        cmocka_unit_test(changed_chunks_of_a_caller),
        cmocka_unit_test(changed_chunks_of_anybody),
    };
    return RUN(tests);
}
