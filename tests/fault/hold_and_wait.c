/* SPDX-License-Identifier: MIT */
/*
 * Who holds the only chunks that could make room, and needs room himself: an answer, never a hang.  Each case runs in a child, as some may
 * end in SIGBUS in the middle of a call.
 */
#include "support/support.h"

enum { HANGS = 99, CHUNK = 64 * 1024 };

static ATOMIC(unsigned) patience = 10;

/* By a thread that takes signals: the one that hangs may hold them back. */
static void *watch(void *unused)
{
    sleep_ms(1000 * (UNDER_SANITIZER ? 4 : 1) * atomic_load(&patience));
    _exit(HANGS);
    return unused;
}

static int watched(void *argument)
{
    int (*body)(void);
    memcpy(&body, argument, sizeof body);
    pthread_t thread;
    CHILD_CHECK(pthread_create(&thread, NULL, watch, NULL) == 0);
    return body();
}

/* SIGBUS is an answer where an access, not a call, had no memory. */
static void answers(int (*body)(void), bool may_signal)
{
    begin_test(50);
    int result = in_child(watched, &body);
    if (result == HANGS)
        fail_msg("hangs");
    if (!(may_signal && result == 128 + SIGBUS))
        assert_int_equal(result, 0);
}

#define NO_MEMORY(status) ((status) == UFO_OK || (status) == UFO_ERR_BUDGET)

static ufo_core *core_of(size_t budget)
{
    ufo_core_config *config = ufo_core_config_new();
    ufo_core *core = ufo_core_config_set_budget(config, budget) == UFO_OK ? ufo_core_new(config) : NULL;
    ufo_core_config_free(config);
    return core;
}

static ufo *lazy(ufo_core *core, size_t chunks, struct source *source, bool read_only, ufo_writeback_fn writeback)
{
    ufo_config *config = ufo_config_new();
    source->count = chunks * CHUNK;
    source->element_size = 1;
    ufo *region = NULL;
    if (ufo_config_set_elements(config, chunks * CHUNK, 1) == UFO_OK && ufo_config_set_chunk(config, CHUNK) == UFO_OK
        && ufo_config_set_read_only(config, read_only) == UFO_OK
        && ufo_config_set_populate(config, source_populate, source, NULL) == UFO_OK
        && (!writeback || ufo_config_set_writeback(config, writeback, source, NULL) == UFO_OK))
        region = ufo_new(core, config);
    ufo_config_free(config);
    return region;
}

/* ---- ufo_write holds the chunk that it copies to, and its input is lazy ---- */

static struct source sources[2];

static int write_from_lazy(void)
{
    ufo_core *core = core_of(2 * CHUNK);
    ufo *input = lazy(core, 10, &sources[0], true, NULL), *output = lazy(core, 10, &sources[1], false, NULL);
    CHILD_CHECK(input && output);
    CHILD_CHECK(NO_MEMORY(ufo_pin(input, 0, 1)));
    ufo_status status = ufo_write(output, 0, CHUNK, (unsigned char *)ufo_data(input) + 3 * CHUNK);
    CHILD_CHECK(NO_MEMORY(status));
    unsigned char copy[100];
    if (status == UFO_OK) {
        CHILD_CHECK(ufo_read(output, 0, sizeof copy, copy) == UFO_OK);
        CHILD_CHECK(pattern_mismatch(copy, 3 * CHUNK, sizeof copy) == sizeof copy);
    }
    ufo_core_free(core);
    return 0;
}

static int read_to_lazy(void)
{
    ufo_core *core = core_of(2 * CHUNK);
    ufo *input = lazy(core, 10, &sources[0], true, NULL), *output = lazy(core, 10, &sources[1], false, NULL);
    CHILD_CHECK(input && output);
    CHILD_CHECK(NO_MEMORY(ufo_pin(output, 0, 1)));
    unsigned char *target = (unsigned char *)ufo_data(output) + 3 * CHUNK;
    ufo_status status = ufo_read(input, 0, CHUNK, target);
    CHILD_CHECK(NO_MEMORY(status));
    if (status == UFO_OK)
        CHILD_CHECK(pattern_mismatch(target, 0, CHUNK) == CHUNK);
    ufo_core_free(core);
    return 0;
}

static void the_input_of_a_write_is_lazy(void **state) { (void)state, answers(write_from_lazy, true); }
static void the_output_of_a_read_is_lazy(void **state) { (void)state, answers(read_to_lazy, true); }

/* ---- Write-backs that use lazy memory while their chunk, and others, are on their way out ---- */

static ufo *other;
static size_t turn;
static ATOMIC(bool) uses_other;

static int32_t store_and_use(void *unused, size_t first, size_t count, const void *data)
{
    (void)unused, (void)first, (void)count, (void)data;
    uint8_t value = 0;
    if (!atomic_load(&uses_other))
        return 0;
    size_t at = (turn++ * 7 % 40) * CHUNK;
    return guarded_read((unsigned char *)ufo_data(other) + at, &value) == 0 && value == pattern(at) ? 0 : 5;
}

/* The chunk that is flushed or evicted is all there is besides a pinned one. */
static int writeback_needs_memory(void)
{
    guard_install();
    ufo_core *core = core_of(2 * CHUNK);
    other = lazy(core, 40, &sources[0], true, NULL);
    ufo *region = lazy(core, 40, &sources[1], false, store_and_use);
    CHILD_CHECK(other && region);
    CHILD_CHECK(ufo_pin(other, 39 * CHUNK, 1) == UFO_OK);
    const unsigned char one = 1;
    atomic_store(&uses_other, true);
    ufo_status status = ufo_write(region, 0, 1, &one);
    CHILD_CHECK(NO_MEMORY(status));
    status = ufo_flush(region, 0, 1);
    CHILD_CHECK(status == UFO_OK || status == UFO_ERR_WRITEBACK);
    status = ufo_evict(region, 0, 1);
    CHILD_CHECK(status == UFO_OK || status == UFO_ERR_WRITEBACK);
    atomic_store(&uses_other, false);
    ufo_core_free(core);
    return 0;
}

/* Batches leave under pressure, and each write-back brings chunks in that push out others. */
static int writeback_under_pressure(void)
{
    guard_install();
    ufo_core *core = core_of(16 * CHUNK);
    other = lazy(core, 40, &sources[0], true, NULL);
    ufo *region = lazy(core, 32, &sources[1], false, store_and_use);
    CHILD_CHECK(other && region);
    const unsigned char one = 1;
    atomic_store(&uses_other, true);
    for (size_t at = 0; at < 32 * CHUNK; at += CHUNK) {
        ufo_status status = ufo_write(region, at, 1, &one);
        CHILD_CHECK(NO_MEMORY(status) || status == UFO_ERR_WRITEBACK || status == UFO_ERR_DEADLOCK);
    }
    atomic_store(&uses_other, false);
    CHILD_CHECK(ufo_evict(region, 0, 32 * CHUNK) == UFO_OK);
    ufo_core_free(core);
    return 0;
}

static ufo *batch;

/* The chunk before is in the same batch, taken out but not given up yet. */
static int32_t read_the_neighbour(void *unused, size_t first, size_t count, const void *data)
{
    (void)unused, (void)count, (void)data;
    uint8_t value = 0;
    return first < 2 * CHUNK || guarded_read((unsigned char *)ufo_data(batch) + first - CHUNK + 9, &value) == 0 ? 0 : 5;
}

static int neighbour_in_the_batch(void)
{
    guard_install();
    ufo_core *core = core_of(64 * CHUNK);
    batch = lazy(core, 40, &sources[0], false, read_the_neighbour);
    CHILD_CHECK(batch);
    unsigned char *bytes = ufo_data(batch);
    for (int changed = 1; changed <= 2; changed++) { /* the neighbour is unchanged, then changed, too */
        CHILD_CHECK(ufo_touch(batch, CHUNK, 2 * CHUNK) == UFO_OK);
        bytes[2 * CHUNK + 5] = 1;
        if (changed == 2)
            bytes[CHUNK + 5] = 1;
        ufo_status status = ufo_evict(batch, CHUNK, 2 * CHUNK);
        CHILD_CHECK(status == UFO_OK || status == UFO_ERR_WRITEBACK);
        CHILD_CHECK(bytes[2 * CHUNK + 9] == pattern(2 * CHUNK + 9));
    }
    ufo_core_free(core);
    return 0;
}

static void a_writeback_needs_memory(void **state) { (void)state, answers(writeback_needs_memory, false); }
static void a_writeback_under_pressure(void **state)
{
    (void)state;
    atomic_store(&patience, 30); /* each write may be refused, after a while */
    answers(writeback_under_pressure, false);
    atomic_store(&patience, 10);
}
static void a_writeback_reads_the_neighbour(void **state) { (void)state, answers(neighbour_in_the_batch, false); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_input_of_a_write_is_lazy), cmocka_unit_test(the_output_of_a_read_is_lazy),
        cmocka_unit_test(a_writeback_needs_memory),     cmocka_unit_test(a_writeback_under_pressure),
        cmocka_unit_test(a_writeback_reads_the_neighbour),
    };
    return RUN(tests);
}
