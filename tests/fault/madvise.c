/* SPDX-License-Identifier: MIT */
/* The program throws pages of a region away behind the library's back. */
#include "support/support.h"

#include <sys/mman.h>

enum { LENGTH = 1 << 20 };

/* Clean pages are no loss: they are asked for again. */
static void a_clean_chunk(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    ufo_config *config = ufo_config_new();
    source.count = LENGTH;
    source.element_size = 1;
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_populate(config, source_populate, &source, NULL));
    /* Where changes are not known, a writable region has no clean chunks. */
    for (int read_only = knows_changes(core) ? 0 : 1; read_only < 2; read_only++) {
        assert_ok(ufo_config_set_read_only(config, read_only));
        ufo *region = ufo_new(core, config);
        assert_non_null(region);
        unsigned char *bytes = ufo_data(region);
        assert_pattern(bytes, 0, LENGTH);
        assert_int_equal(madvise(bytes, LENGTH, MADV_DONTNEED), 0);
        assert_pattern(bytes, 0, LENGTH);
        assert_int_equal(madvise(bytes + page_size(), page_size(), MADV_DONTNEED), 0); /* a part of a chunk */
        unsigned char copy[100];
        assert_ok(ufo_read(region, page_size() + 5, 100, copy)); /* by a call, too */
        assert_pattern(copy, page_size() + 5, 100);
        assert_pattern(bytes, 0, LENGTH);
        ufo_free(region);
    }
    ufo_config_free(config);
    ufo_core_free(core);
}

/* Changed pages are lost; that is said, and never papered over with zeros or old values. */
static void a_changed_chunk(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 1);
    unsigned char *bytes = ufo_data(region);
    bytes[100] = 1;
    assert_int_equal(madvise(bytes, page_size(), MADV_DONTNEED), 0);
    uint8_t value = 0;
    assert_int_equal(guarded_read(bytes + 100, &value), SIGBUS);
    assert_status(ufo_touch(region, 100, 1), UFO_ERR_LOST);
    assert_status(ufo_read(region, 100, 1, &value), UFO_ERR_LOST);
    assert_pattern(bytes + page_size(), page_size(), LENGTH - page_size());
    assert_ok(ufo_reset(region, 0, 1));
    assert_pattern(bytes, 0, LENGTH);
    ufo_core_free(core);
}

static int call_on_what_was_lost(void *unused)
{
    (void)unused;
    struct source source = {.count = LENGTH, .element_size = 1};
    ufo_core_config *core_config = ufo_core_config_new();
    CHILD_CHECK(ufo_core_config_set_budget(core_config, 4 * MIB) == UFO_OK);
    ufo_config *config = ufo_config_new();
    CHILD_CHECK(ufo_config_set_elements(config, LENGTH, 1) == UFO_OK);
    CHILD_CHECK(ufo_config_set_populate(config, source_populate, &source, NULL) == UFO_OK);
    ufo *region = ufo_new(ufo_core_new(core_config), config);
    CHILD_CHECK(region != NULL);
    unsigned char *bytes = ufo_data(region), value = 0;
    bytes[100] = 1;
    CHILD_CHECK(madvise(bytes, page_size(), MADV_DONTNEED) == 0);
    (void)ufo_read(region, 100, 1, &value);
    return 1; /* it came back */
}

/* The first to meet it may be a call on a few bytes: it ends as a load would, and nobody waits for ever. */
static void a_changed_chunk_met_by_a_call(void **state)
{
    (void)state;
    begin_test(90);
    assert_int_equal(in_child(call_on_what_was_lost, NULL), 128 + SIGBUS);
}

/* It is the store that must not hear of zeros. */
static void a_changed_chunk_is_not_written_back_as_zeros(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    store_init(&store, LENGTH, 1);
    ufo *region = store_region(core, &store, 1);
    unsigned char *bytes = ufo_data(region);
    bytes[100] = 1;
    assert_int_equal(madvise(bytes, page_size(), MADV_DONTNEED), 0);
    assert_status(ufo_flush(region, 0, LENGTH), UFO_ERR_LOST);
    assert_pattern(store.bytes, 0, LENGTH);
    ufo_core_free(core);
    assert_pattern(store.bytes, 0, LENGTH);
    store_destroy(&store);
}

/* A pin does not protect from that; but the access gets an end. */
static void a_pinned_chunk(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 1);
    unsigned char *bytes = ufo_data(region);
    assert_ok(ufo_pin(region, 0, 10));
    assert_int_equal(madvise(bytes, page_size(), MADV_DONTNEED), 0);
    uint8_t value = 0;
    int signal_number = guarded_read(bytes + 5, &value);
    if (signal_number == 0)
        assert_int_equal(value, pattern(5));
    else
        assert_int_equal(signal_number, SIGBUS);
    assert_ok(ufo_unpin(region, 0, 10));
    assert_ok(ufo_reset(region, 0, 1));
    assert_pattern(bytes, 0, LENGTH);
    ufo_core_free(core);
}

/* Advice on a part of a chunk, or a lock, makes more than one mapping of it for the kernel, which fills only one at a time. */
static void a_part_of_a_chunk(void **state)
{
    (void)state;
    enum { CHUNK = 64 << 10, NOTHING = -1, LOCK = -2 };
    static const int advices[] = {NOTHING, MADV_RANDOM, MADV_SEQUENTIAL, MADV_DONTDUMP, MADV_MERGEABLE, MADV_DOFORK, LOCK};
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, CHUNK);
    unsigned char *bytes = ufo_data(region);
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
        const size_t first = 2 * i * CHUNK;
        unsigned char *part = bytes + first + 2 * page_size();
        if (advices[i] == LOCK ? mlock(part, page_size()) != 0 : advices[i] != NOTHING && madvise(part, page_size(), advices[i]) != 0)
            continue; /* nothing that the kernel, or the limit of what may be locked, allows */
        if (i % 2 == 0)
            assert_ok(ufo_touch(region, first, CHUNK));
        assert_pattern(bytes + first, first, CHUNK);
        bytes[first + 1] = 0xEE;
        part[1] = 0xEE;
        const ufo_status left = ufo_evict(region, first, CHUNK);
        if (advices[i] != LOCK)
            assert_int_equal(left, UFO_OK);
        assert_int_equal(bytes[first + 1], 0xEE);
        assert_int_equal(part[1], 0xEE);
        if (advices[i] == LOCK)
            munlock(part, page_size());
        assert_ok(ufo_reset(region, first, CHUNK));
        assert_pattern(bytes + first, first, CHUNK);
    }
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_chunk),
        cmocka_unit_test(a_changed_chunk),
        cmocka_unit_test(a_changed_chunk_met_by_a_call),
        cmocka_unit_test(a_pinned_chunk),
        cmocka_unit_test(a_changed_chunk_is_not_written_back_as_zeros),
        cmocka_unit_test(a_part_of_a_chunk),
    };
    return RUN(tests);
}
