/* SPDX-License-Identifier: MIT */
/* Resident elements without a call: who hits, who misses, who waits for whom, and what is left after the region's end. */
#include "support/residency.h"

#include <errno.h>
#include <sys/mman.h>

enum { CHUNK = 64 << 10, CHUNKS = 8, PER_CHUNK = CHUNK / 8, COUNT = CHUNKS * PER_CHUNK };

/* A region of CHUNKS chunks with 64-bit elements of the pattern, which takes changes back. */
static ufo *region_of(ufo_core *core, struct store *store)
{
    store_init(store, COUNT, 8);
    return store_region(core, store, PER_CHUNK);
}

static uint64_t original(size_t i)
{
    uint64_t value;
    pattern_fill(&value, i * 8, 8);
    return value;
}

static void assert_hit(const ufo_residency *r, size_t i, uint64_t expected)
{
    uint64_t value = 0;
    if (!fast_load(r, i, &value))
        fail_msg("element %zu: the word is %#x", i, r->words[chunk_at(r, i * 8)]);
    assert_int_equal(value, expected);
}

static void assert_miss(const ufo_residency *r, size_t i)
{
    uint64_t value = 0;
    assert_false(fast_load(r, i, &value));
    assert_false(fast_store(r, i, 1));
}

static void says_where_things_are(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    ufo *region = region_of(core, &store);
    ufo_residency r = residency_of(region);
    assert_int_equal(r.struct_size, sizeof r);
    assert_int_equal(r.version, 1);
    assert_int_equal((size_t)1 << r.chunk_shift, CHUNK);
    assert_int_equal(r.chunk_bytes, CHUNK);
    assert_int_equal(r.chunks, CHUNKS);
    assert_ptr_equal(r.data, ufo_data(region));
    assert_int_equal(r.resident & ~r.mask, 0);
    assert_int_equal(r.dirty & r.mask, 0);
    assert_int_equal(r.waiters & r.mask, 0);
    assert_int_equal(r.one_hold & r.holds, r.one_hold);
    ufo_residency_close(&r);

    /* 12-byte elements: chunks of three pages. */
    struct source source = {0};
    ufo *odd = source_region(core, &source, 10000, 12, 1);
    r = residency_of(odd);
    assert_int_equal(r.chunk_shift, 0);
    assert_int_equal(r.chunk_bytes, 3 * page_size());
    assert_int_equal(r.chunks, (120000 + r.chunk_bytes - 1) / r.chunk_bytes);
    ufo_residency_close(&r);
    ufo_core_free(core);
    store_destroy(&store);
}

static void resident_elements_are_read(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    ufo *region = region_of(core, &store);
    ufo_residency r = residency_of(region);
    assert_miss(&r, 0);
    assert_ok(ufo_touch(region, 0, 2 * PER_CHUNK));
    const ufo_stats before = region_stats(region);
    for (size_t i = 0; i < 2 * PER_CHUNK; i++)
        assert_hit(&r, i, original(i));
    assert_miss(&r, 2 * PER_CHUNK);
    const ufo_stats after = region_stats(region);
    assert_int_equal(before.faults, after.faults);
    assert_int_equal(before.populates, after.populates);
    assert_ok(ufo_evict(region, 0, PER_CHUNK));
    assert_miss(&r, 0);
    assert_hit(&r, PER_CHUNK, original(PER_CHUNK));
    ufo_residency_close(&r);
    ufo_core_free(core);
    store_destroy(&store);
}

static void changed_elements_are_stored_to(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    ufo *region = region_of(core, &store);
    ufo_residency r = residency_of(region);
    assert_ok(ufo_touch(region, 0, COUNT));
    if (knows_changes(core))
        assert_false(fast_store(&r, 0, 1)); /* it would not be noticed */
    const uint64_t first = 77;
    assert_ok(ufo_write(region, 0, 1, &first));
    const ufo_stats before = region_stats(region);
    for (size_t i = 1; i < PER_CHUNK; i++)
        assert_true(fast_store(&r, i, 1000 + i));
    assert_int_equal(region_stats(region).faults, before.faults);

    assert_ok(ufo_flush(region, 0, COUNT));
    const uint64_t *kept = (const uint64_t *)(void *)store.bytes;
    assert_int_equal(kept[0], 77);
    for (size_t i = 1; i < PER_CHUNK; i++)
        assert_int_equal(kept[i], 1000 + i);
    assert_hit(&r, 5, 1005);
    if (knows_changes(core))
        assert_false(fast_store(&r, 0, 1)); /* what is stored from now on is a change again */
    assert_ok(ufo_pin_write(region, 0, 1));
    assert_true(fast_store(&r, 9, 9));
    assert_ok(ufo_unpin(region, 0, 1));
    assert_ok(ufo_evict(region, 0, COUNT));
    assert_int_equal(kept[9], 9);
    ufo_residency_close(&r);
    ufo_core_free(core);
    store_destroy(&store);
}

static void read_only_elements_are_not(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 8));
    assert_ok(ufo_config_set_sequence_int(config, 0, 3));
    assert_ok(ufo_config_set_read_only(config, 1));
    ufo *region = ufo_new(core, config);
    ufo_config_free(config);
    ufo_residency r = residency_of(region);
    assert_ok(ufo_touch(region, 0, COUNT));
    assert_int_equal(r.dirty, 0);
    for (size_t i = 0; i < COUNT; i++)
        assert_hit(&r, i, 3 * i);
    assert_false(fast_store(&r, 0, 1));
    ufo_residency_close(&r);
    ufo_core_free(core);
}

static void many_holds_do_not_run_over(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    ufo *region = region_of(core, &store);
    ufo_residency r = residency_of(region);
    assert_ok(ufo_pin(region, 0, 1));
    size_t held = 0;
    while (held < 100000 && hold(&r, 0))
        held++;
    assert_in_range(held, 32, r.holds / r.one_hold - 1); /* some are left for the library */
    uint64_t value = 0;
    assert_ok(ufo_read(region, 7, 1, &value));
    assert_int_equal(value, original(7));
    assert_ok(ufo_write(region, 7, 1, &value));
    assert_int_equal(region_stats(region).pins, 1);
    for (size_t i = 0; i < held; i++)
        let_go(&r, 0);
    assert_hit(&r, 7, original(7));
    assert_ok(ufo_unpin(region, 0, 1));
    assert_ok(ufo_evict(region, 0, COUNT));
    assert_miss(&r, 7);
    ufo_residency_close(&r);
    ufo_core_free(core);
    store_destroy(&store);
}

/* ---- Who waits for a hold ---- */

struct waiter {
    ufo *region;
    ufo_status (*call)(ufo *region, size_t first, size_t count);
    ATOMIC(bool) done;
    ufo_status status;
};

static void *wait_for_holds(void *argument)
{
    struct waiter *waiter = argument;
    if (waiter->call)
        waiter->status = waiter->call(waiter->region, 0, COUNT);
    else
        ufo_free(waiter->region);
    atomic_store(&waiter->done, true);
    return NULL;
}

/* Runs the call while chunk 0 is held; it must not end before that. */
static void waits(ufo *region, const ufo_residency *r, ufo_status (*call)(ufo *, size_t, size_t))
{
    const uint64_t value = 5;
    assert_ok(ufo_write(region, 0, 1, &value));
    assert_true(hold_to_store(r, 0));
    struct waiter waiter = {.region = region, .call = call};
    struct team team;
    team_start(&team, 1, wait_for_holds, &waiter);
    while ((__atomic_load_n(&r->words[0], __ATOMIC_SEQ_CST) & r->waiters) == 0)
        sleep_ms(1);
    assert_miss(r, 1); /* or there would always be one more */
    sleep_ms(30);
    assert_false(atomic_load(&waiter.done));
    __atomic_store_n((uint64_t *)(void *)r->data + 1, 6, __ATOMIC_RELAXED); /* by right of the hold */
    let_go(r, 0);
    team_join(&team);
    assert_int_equal(waiter.status, UFO_OK);
}

static void whoever_wants_the_chunk_waits_for_holds(void **state)
{
    (void)state;
    begin_watched(60);
    ufo_core *core = new_core(4 * MIB);
    struct store store;
    ufo *region = region_of(core, &store);
    ufo_residency r = residency_of(region);
    const uint64_t *kept = (const uint64_t *)(void *)store.bytes;

    waits(region, &r, ufo_flush);
    assert_int_equal(kept[1], 6);
    assert_hit(&r, 1, 6);

    memset(store.bytes, 0, 16);
    waits(region, &r, ufo_evict);
    assert_int_equal(kept[1], 6);
    assert_miss(&r, 1);

    memset(store.bytes, 0, 16);
    waits(region, &r, ufo_reset);
    assert_int_equal(kept[1], 0);
    assert_ok(ufo_touch(region, 0, 1));
    assert_hit(&r, 1, 0);

    waits(region, &r, NULL);
    assert_int_equal(kept[1], 6);
    assert_miss(&r, 1);
    ufo_residency_close(&r);
    ufo_core_free(core);
    store_destroy(&store);
}

/* Also where nothing has to be written: the memory is still there for who holds it. */
static void the_end_waits_for_holds(void **state)
{
    (void)state;
    begin_watched(60);
    ufo_core *core = new_core(4 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, COUNT, 8, PER_CHUNK);
    ufo_residency r = residency_of(region);
    assert_ok(ufo_touch(region, 0, 2 * PER_CHUNK));
    assert_true(hold(&r, 1));
    struct waiter waiter = {.region = region};
    struct team team;
    team_start(&team, 1, wait_for_holds, &waiter);
    while ((__atomic_load_n(&r.words[1], __ATOMIC_SEQ_CST) & r.waiters) == 0)
        sleep_ms(1);
    assert_miss(&r, 0);
    assert_miss(&r, PER_CHUNK);
    sleep_ms(30);
    assert_false(atomic_load(&waiter.done));
    assert_pattern(r.data + CHUNK, CHUNK, CHUNK); /* by right of the hold */
    let_go(&r, 1);
    team_join(&team);
    ufo_residency_close(&r);
    ufo_core_free(core);
}

/* Who waited and then finds the chunk pinned leaves it as it was. */
static void a_wait_for_nothing_is_forgotten(void **state)
{
    (void)state;
    begin_watched(60);
    ufo_core *core = new_core(4 * MIB);
    struct store store;
    ufo *region = region_of(core, &store);
    ufo_residency r = residency_of(region);
    assert_ok(ufo_touch(region, 0, 1));
    assert_true(hold(&r, 0));
    struct waiter waiter = {.region = region, .call = ufo_evict};
    struct team team;
    team_start(&team, 1, wait_for_holds, &waiter);
    while ((__atomic_load_n(&r.words[0], __ATOMIC_SEQ_CST) & r.waiters) == 0)
        sleep_ms(1);
    assert_ok(ufo_pin(region, 0, 1));
    let_go(&r, 0);
    team_join(&team);
    assert_int_equal(waiter.status, UFO_ERR_PINNED);
    assert_hit(&r, 3, original(3));
    ufo_residency_close(&r);
    ufo_core_free(core);
    store_destroy(&store);
}

/* ---- The end ---- */

static bool is_mapped(const void *address)
{
    unsigned char present;
    return mincore((void *)((uintptr_t)address & ~(page_size() - 1)), page_size(), &present) == 0 || errno != ENOMEM;
}

static ufo *at_address(ufo_core *core, void *address)
{
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, 1, 1));
    assert_ok(ufo_config_set_address(config, address));
    ufo *region = ufo_new(core, config);
    ufo_config_free(config);
    return region;
}

static void words_outlive_the_region(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    ufo *region = region_of(core, &store);
    ufo_residency r = residency_of(region);
    ufo_residency other = residency_of(region);
    const ufo_residency copy = r;
    const uint64_t value = 5;
    assert_ok(ufo_touch(region, 0, COUNT));
    assert_ok(ufo_write(region, PER_CHUNK, 1, &value));
    assert_true(fast_store(&r, PER_CHUNK + 1, 6));
    ufo_free(region);

    assert_int_equal(store.bytes[(PER_CHUNK + 1) * 8], 6); /* nothing is lost */
    for (size_t i = 0; i < COUNT; i += 100)
        assert_miss(&r, i);
    uint64_t read = 0;
    assert_status(ufo_read(region, 0, 1, &read), UFO_ERR_CLOSED);
    assert_status(ufo_residency_open(region, &other), UFO_ERR_CLOSED);
    assert_int_equal(core_stats(core).regions, 0);
    assert_in_range(core_stats(core).used_bytes, 0, 2 * CHUNK); /* frames for the next fill; it is addresses that are kept, not memory */
    assert_int_equal(resident_bytes(r.data, COUNT * 8), 0);
    assert_null(at_address(core, copy.data));
    assert_error_names("not free");

    ufo_residency_wake(&r, 0); /* harmless, also out of range */
    ufo_residency_wake(&r, CHUNKS);
    ufo_residency_close(&r);
    assert_true(is_mapped(copy.words)); /* there is the other one */
    assert_miss(&other, 0);
    ufo_residency_close(&other);
    assert_false(is_mapped(copy.words));
    assert_false(is_mapped(copy.data));
    ufo *next = at_address(core, copy.data);
    assert_non_null(next);
    ufo_core_free(core);
    store_destroy(&store);
}

static void a_residency_may_end_first(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    ufo *region = region_of(core, &store);
    ufo_residency r = residency_of(region);
    assert_ok(ufo_touch(region, 0, COUNT));
    const ufo_residency copy = r;
    ufo_residency_close(&r);
    assert_null(r.words);
    assert_null(r.data);
    assert_true(is_mapped(copy.words));
    r = residency_of(region);
    assert_ptr_equal(r.words, copy.words);
    assert_hit(&r, 3, original(3));
    ufo_residency_close(&r);
    ufo_free(region);
    assert_false(is_mapped(copy.words));
    assert_false(is_mapped(copy.data));
    ufo_core_free(core);
    store_destroy(&store);
}

static void pinned_chunks_stay_for_pointers_only(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    ufo *region = region_of(core, &store);
    ufo_residency r = residency_of(region);
    assert_ok(ufo_touch(region, 0, COUNT));
    assert_ok(ufo_pin_write(region, 0, 1));
    assert_true(fast_store(&r, 1, 6));
    ufo_free(region);
    assert_int_equal(store.bytes[8], 6);
    for (size_t i = 0; i < COUNT; i += 100)
        assert_miss(&r, i); /* a store would come too late for the source */
    assert_int_equal(((const volatile uint64_t *)(void *)r.data)[1], 6);
    assert_int_equal(((const volatile uint64_t *)(void *)r.data)[2], original(2));
    assert_ok(ufo_unpin(region, 0, 1));
    assert_miss(&r, 1);
    assert_int_equal(core_stats(core).regions, 0);
    uint8_t byte;
    assert_int_equal(guarded_read(r.data, &byte), SIGSEGV);
    ufo_residency_close(&r);
    ufo_core_free(core);
    store_destroy(&store);
}

static void a_core_may_end_first(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    struct source source = {0};
    ufo *region = region_of(core, &store);
    ufo *other = source_region(core, &source, COUNT, 8, 0);
    ufo_residency r = residency_of(region);
    ufo_residency of_other = residency_of(other);
    assert_ok(ufo_touch(region, 0, COUNT));
    assert_ok(ufo_touch(other, 0, COUNT));
    ufo_core_free(core);
    assert_miss(&r, 0);
    assert_miss(&of_other, 0);
    ufo_residency_close(&r);
    ufo_residency_close(&of_other);
    store_destroy(&store);
}

static void misuse_is_harmless(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct store store;
    ufo *region = region_of(core, &store);
    ufo_residency r = {0};
    assert_status(ufo_residency_open(region, &r), UFO_ERR_INVALID);
    assert_error_names("struct_size");
    assert_status(ufo_residency_open(region, NULL), UFO_ERR_INVALID);
    ufo_residency_close(&r); /* never opened */
    ufo_residency_close(NULL);
    ufo_residency_wake(&r, 0);
    ufo_residency_wake(NULL, 0);
    r.struct_size = sizeof r;
    assert_status(ufo_residency_open(NULL, &r), UFO_ERR_INVALID);

    r = residency_of(region);
    ufo_residency copy = r;
    ufo_residency_close(&r);
    ufo_residency_close(&r);
    ufo_residency_wake(&r, 0);
    ufo_residency other = residency_of(region);
    ufo_residency_close(&copy); /* was closed already */
    assert_error_names("before");
    ufo_free(region);
    assert_miss(&other, 0);
    ufo_residency_close(&other);
    ufo_core_free(core);
    store_destroy(&store);
}

/* In a page for every chunk, words lie far apart. */
static void terabytes(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    const size_t count = UNDER_SANITIZER ? GIB : TIB / 8;
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, count, 8));
    assert_ok(ufo_config_set_sequence_int(config, 0, 1));
    ufo *region = ufo_new(core, config);
    ufo_config_free(config);
    assert_non_null(region);
    assert_ok(ufo_advise(region, 0, count, UFO_ADVICE_RANDOM));
    ufo_residency r = residency_of(region);
    for (size_t i = 5; i < count; i += count / 20) {
        assert_miss(&r, i);
        assert_ok(ufo_touch(region, i, 1));
        assert_hit(&r, i, i);
    }
    ufo_free(region);
    for (size_t i = 5; i < count; i += count / 20)
        assert_miss(&r, i);
    ufo_residency_close(&r);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_where_things_are),
        cmocka_unit_test(resident_elements_are_read),
        cmocka_unit_test(changed_elements_are_stored_to),
        cmocka_unit_test(read_only_elements_are_not),
        cmocka_unit_test(many_holds_do_not_run_over),
        cmocka_unit_test(whoever_wants_the_chunk_waits_for_holds),
        cmocka_unit_test(the_end_waits_for_holds),
        cmocka_unit_test(a_wait_for_nothing_is_forgotten),
        cmocka_unit_test(words_outlive_the_region),
        cmocka_unit_test(a_residency_may_end_first),
        cmocka_unit_test(pinned_chunks_stay_for_pointers_only),
        cmocka_unit_test(a_core_may_end_first),
        cmocka_unit_test(misuse_is_harmless),
        cmocka_unit_test(terabytes),
    };
    return RUN(tests);
}
