/* SPDX-License-Identifier: MIT */
/* Calls on a few bytes that are in memory: the same as any other call, also while their chunks leave, change and are flushed under them. */
#include "support/support.h"

enum { CHUNK = 4096, LENGTH = 64 * CHUNK, THREADS = 4, WORDS = LENGTH / 8 };

static void every_size_at_every_edge(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, CHUNK);
    assert_ok(ufo_touch(region, 0, LENGTH));
    for (size_t size = 1; size <= 130; size++)
        for (size_t first = 2 * CHUNK - 140; first < 2 * CHUNK + 10; first++) {
            unsigned char copy[132] = {0};
            copy[size] = 0xEE;
            assert_ok(ufo_read(region, first, size, copy));
            assert_int_equal(pattern_mismatch(copy, first, size), size);
            assert_int_equal(copy[size], 0xEE);
        }
    for (size_t size = 1; size <= 70; size++) {
        unsigned char value[72], back[72];
        size_t first = 5 * CHUNK - 35;
        memset(value, (int)size, sizeof value);
        assert_ok(ufo_write(region, first, size, value));
        assert_ok(ufo_evict(region, 0, LENGTH));
        assert_ok(ufo_read(region, first, size, back));
        assert_memory_equal(value, back, size);
        assert_pattern(ufo_data(region), 0, 5 * CHUNK - 35);
        assert_ok(ufo_reset(region, 0, LENGTH));
    }
    ufo_core_free(core);
}

static void errors_are_the_same(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, CHUNK);
    unsigned char byte = 1;
    assert_ok(ufo_touch(region, 0, LENGTH));
    assert_status(ufo_read(region, LENGTH - 4, 5, &byte), UFO_ERR_RANGE);
    assert_status(ufo_read(region, SIZE_MAX, 2, &byte), UFO_ERR_RANGE);
    assert_status(ufo_touch(region, LENGTH, 1), UFO_ERR_RANGE);
    assert_status(ufo_write(region, LENGTH, 1, &byte), UFO_ERR_RANGE);
    assert_status(ufo_read(region, 0, 1, NULL), UFO_ERR_INVALID);
    assert_status(ufo_write(region, 0, 1, NULL), UFO_ERR_INVALID);
    assert_status(ufo_read(NULL, 0, 1, &byte), UFO_ERR_INVALID);
    assert_ok(ufo_read(region, 0, 0, &byte));
    assert_ok(ufo_touch(region, LENGTH, 0));
    ufo_free(region);
    assert_status(ufo_read(region, 0, 1, &byte), UFO_ERR_CLOSED);
    assert_status(ufo_touch(region, 0, 1), UFO_ERR_CLOSED);
    assert_status(ufo_write(region, 0, 1, &byte), UFO_ERR_CLOSED);
    ufo_core_free(core);
}

/* The other side of a copy may be lazy, too, and absent. */
static void from_array_to_array(void **state)
{
    (void)state;
    ufo_core *core = begin_core(64 * KIB); /* less than either */
    struct source source = {0};
    ufo *from = source_region(core, &source, LENGTH, 1, CHUNK), *to = zero_region(core, LENGTH, CHUNK);
    unsigned char *target = ufo_data(to);
    for (size_t first = 0; first < LENGTH; first += 8)
        if (first / 8 % 2)
            assert_ok(ufo_read(from, first, 8, target + first));
        else
            assert_ok(ufo_write(to, first, 8, (const unsigned char *)ufo_data(from) + first));
    assert_pattern(target, 0, LENGTH);
    ufo_core_free(core);
}

struct numbers {
    ufo *region;
    ATOMIC(size_t) next, wrong, statuses;
    ATOMIC(bool) over;
};

/* Each thread counts up in words of its own: what it wrote last is what it reads. */
static void *count_up(void *argument)
{
    struct numbers *numbers = argument;
    size_t me = atomic_fetch_add(&numbers->next, 1);
    static uint64_t mirrors[THREADS][WORDS / THREADS];
    uint64_t *mirror = mirrors[me], random = me + 1;
    memset(mirror, 0, sizeof mirrors[me]);
    while (!atomic_load(&numbers->over)) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        size_t mine = (size_t)(random >> 33) % (WORDS / THREADS), word = mine * THREADS + me;
        uint64_t value = 0;
        ufo_status status = ufo_read(numbers->region, word, 1, &value);
        if (status == UFO_OK && value != mirror[mine])
            atomic_fetch_add(&numbers->wrong, 1);
        if (status == UFO_OK && (random >> 60) % 2) {
            value = mirror[mine] + 1;
            status = ufo_write(numbers->region, word, 1, &value);
            if (status == UFO_OK)
                mirror[mine] = value;
        }
        if (status == UFO_OK)
            status = ufo_touch(numbers->region, word, 1);
        if (status != UFO_OK)
            atomic_fetch_add(&numbers->statuses, 1);
    }
    return NULL;
}

/* Chunks that are looked at leave, and are flushed; nothing is lost, nothing is old. */
static void while_chunks_come_and_go(void **state)
{
    (void)state;
    begin_test(120);
    ufo_core *core = new_core(LENGTH / 2 + 16 * CHUNK);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, WORDS, 8));
    assert_ok(ufo_config_set_chunk(config, CHUNK / 8));
    struct numbers numbers = {.region = ufo_new(core, config)};
    ufo_config_free(config);
    assert_non_null(numbers.region);
    struct team team;
    team_start(&team, THREADS, count_up, &numbers);
    uint64_t end = now_ms() + rounds_for(2000, 600), random = 42;
    while (now_ms() < end) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        size_t first = (size_t)(random >> 33) % WORDS, count = (size_t)(random >> 20) % (WORDS - first) + 1;
        if ((random >> 62) == 0)
            assert_ok(ufo_flush(numbers.region, first, count));
        else
            assert_ok(ufo_evict(numbers.region, first, count));
    }
    atomic_store(&numbers.over, true);
    team_join(&team);
    assert_int_equal(atomic_load(&numbers.wrong), 0);
    assert_int_equal(atomic_load(&numbers.statuses), 0);
    ufo_core_free(core);
}

static int32_t populate(void *unused, size_t first, size_t count, void *out)
{
    (void)unused;
    pattern_fill(out, first, count);
    return 0;
}

struct evicted {
    ufo *region;
    ATOMIC(size_t) wrong;
    ATOMIC(bool) over;
};

static void *read_what_leaves(void *argument)
{
    struct evicted *evicted = argument;
    for (size_t i = 0; !atomic_load(&evicted->over); i = (i + 4099) % LENGTH) {
        unsigned char byte = 0;
        if (ufo_read(evicted->region, i, 1, &byte) != UFO_OK || byte != pattern(i))
            atomic_fetch_add(&evicted->wrong, 1);
    }
    return NULL;
}

/* Where a plain load of what is absent is an error, a call never meets that: the chunk it looks at stays for as long as it does. */
static void where_loads_are_refused(void **state)
{
    (void)state;
    begin_test(120);
    ufo_core *core = new_core(4 * MIB);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_chunk(config, CHUNK));
    assert_ok(ufo_config_set_populate(config, populate, NULL, NULL));
    assert_ok(ufo_config_set_populate_policy(config, UFO_POPULATE_CALLER));
    struct evicted evicted = {.region = ufo_new(core, config)};
    ufo_config_free(config);
    assert_non_null(evicted.region);
    struct team team;
    team_start(&team, THREADS, read_what_leaves, &evicted);
    for (uint64_t end = now_ms() + rounds_for(2000, 600); now_ms() < end;)
        assert_ok(ufo_evict(evicted.region, 0, LENGTH));
    atomic_store(&evicted.over, true);
    team_join(&team);
    assert_int_equal(atomic_load(&evicted.wrong), 0);
    ufo_core_free(core);
}

struct freed {
    ATOMIC(ufo *) region;
    ATOMIC(size_t) next, wrong;
    ATOMIC(bool) over;
};

static void *read_what_is_freed(void *argument)
{
    struct freed *freed = argument;
    size_t me = atomic_fetch_add(&freed->next, 1);
    while (!atomic_load(&freed->over)) {
        ufo *region = atomic_load(&freed->region);
        unsigned char value = 0;
        ufo_status status = ufo_read(region, me, 1, &value);
        if (status == UFO_OK ? value != 0 && value != 77 : status != UFO_ERR_CLOSED)
            atomic_fetch_add(&freed->wrong, 1);
        value = 77;
        status = ufo_write(region, me, 1, &value);
        if (status != UFO_OK && status != UFO_ERR_CLOSED)
            atomic_fetch_add(&freed->wrong, 1);
    }
    return NULL;
}

/* The memory is unmapped when nobody looks at it any more, and not before. */
static void while_regions_end(void **state)
{
    (void)state;
    begin_test(120);
    ufo_core *core = new_core(4 * MIB);
    struct freed freed = {.wrong = 0};
    atomic_store(&freed.region, zero_region(core, LENGTH, CHUNK));
    struct team team;
    team_start(&team, THREADS, read_what_is_freed, &freed);
    for (uint64_t end = now_ms() + rounds_for(2000, 600); now_ms() < end;) {
        ufo *next = zero_region(core, LENGTH, CHUNK), *last = atomic_load(&freed.region);
        atomic_store(&freed.region, next);
        ufo_free(last);
    }
    atomic_store(&freed.over, true);
    team_join(&team);
    assert_int_equal(atomic_load(&freed.wrong), 0);
    ufo_core_free(core);
}

/* Itself, if something is wrong. */
static void *read_one(void *region)
{
    unsigned char byte = 0;
    return ufo_read(region, 100, 1, &byte) != UFO_OK || byte != pattern(100) ? region : NULL;
}

static void *read_a_hundred(void *region)
{
    void *failed = NULL;
    for (size_t i = 0; i < 100 && !failed; i++) {
        failed = read_one(region);
        sleep_ms(1);
    }
    return failed;
}

/* More threads than there are places for, at once and one after another. */
static void by_any_number_of_threads(void **state)
{
    (void)state;
    begin_test(120);
    enum { MANY = 400, LATER = 1000 };
    ufo_core *core = new_core(4 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, CHUNK);
    static pthread_t threads[MANY];
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_a_hundred, region), 0);
    for (size_t i = 0; i < MANY; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    for (size_t i = 0; i < LATER; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_create(&threads[0], NULL, read_one, region), 0);
        pthread_join(threads[0], &failed);
        assert_null(failed);
    }
    ufo_core_free(core);
}

/* Each thread's place is given back by a key of pthread_key_create(), of which a process has a thousand; without one calls count, as others do. */
static int read_without_a_key(void *unused)
{
    (void)unused;
    for (pthread_key_t key; pthread_key_create(&key, NULL) == 0;) {
    }
    struct source source = {.count = LENGTH, .element_size = 1};
    ufo_core *core = ufo_core_new(NULL);
    CHILD_CHECK(core != NULL);
    ufo_config *config = ufo_config_new();
    CHILD_CHECK(ufo_config_set_elements(config, LENGTH, 1) == UFO_OK);
    CHILD_CHECK(ufo_config_set_chunk(config, CHUNK) == UFO_OK);
    CHILD_CHECK(ufo_config_set_populate(config, source_populate, &source, NULL) == UFO_OK);
    ufo *region = ufo_new(core, config);
    CHILD_CHECK(region != NULL);
    CHILD_CHECK(read_a_hundred(region) == NULL);
    CHILD_CHECK(ufo_evict(region, 0, LENGTH) == UFO_OK);
    CHILD_CHECK(read_one(region) == NULL);
    ufo_core_free(core);
    return 0;
}

static void without_a_key_of_threads(void **state)
{
    (void)state;
    begin_test(60);
    assert_int_equal(in_child(read_without_a_key, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_key_of_threads), /* first: a process asks for its key once */
        cmocka_unit_test(every_size_at_every_edge), cmocka_unit_test(errors_are_the_same),
        cmocka_unit_test(from_array_to_array),      cmocka_unit_test(while_chunks_come_and_go),
        cmocka_unit_test(where_loads_are_refused),  cmocka_unit_test(while_regions_end),
        cmocka_unit_test(by_any_number_of_threads),
    };
    return RUN(tests);
}
