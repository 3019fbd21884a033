/* SPDX-License-Identifier: MIT */
/*
 * Whoever answers a fault, or fills a chunk that a fault may be waiting for, uses neither malloc nor free: a signal handler may touch lazy memory while
 * the thread that it interrupted is inside of malloc.  This program has a malloc of its own, which sees who calls it.
 */
#include "support/support.h"

#include <dlfcn.h>
#include <sys/prctl.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static ATOMIC(bool) watching;
static _Thread_local volatile int at_work; /* in a load, a store, or a call that fills chunks */
static ATOMIC(size_t) seen, seen_ahead;
static ATOMIC(void *) caller;
static ATOMIC(bool) held; /* as if a thread that waits for a fault held a lock of malloc's: the library's get none */

static void note(void *from)
{
    if (!atomic_load(&watching) && !atomic_load(&held))
        return;
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    while (atomic_load(&held) && strncmp(name, "ufomem-", 7) == 0)
        sleep_ms(1);
    /* Read-ahead starts threads of its own, when it has no chunk in hands. */
    if (strcmp(name, "ufomem-ahead") == 0) {
        atomic_fetch_add(&seen_ahead, 1);
    } else if (at_work || strcmp(name, "ufomem-worker") == 0 || strcmp(name, "ufomem-evict") == 0) {
        void *none = NULL;
        atomic_compare_exchange_strong(&caller, &none, from);
        atomic_fetch_add(&seen, 1);
    }
}

void *malloc(size_t size)
{
    note(__builtin_return_address(0));
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size)
{
    note(__builtin_return_address(0));
    return __libc_calloc(count, size);
}
void *realloc(void *block, size_t size)
{
    note(__builtin_return_address(0));
    return __libc_realloc(block, size);
}
void *aligned_alloc(size_t alignment, size_t size)
{
    note(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}
void free(void *block)
{
    if (block)
        note(__builtin_return_address(0));
    __libc_free(block);
}

static void begin_watching(void)
{
    atomic_store(&seen, 0);
    atomic_store(&seen_ahead, 0);
    atomic_store(&caller, NULL);
    atomic_store(&watching, true);
}

static void end_watching(void)
{
    atomic_store(&watching, false);
    Dl_info info;
    if (atomic_load(&seen) != 0 && dladdr(atomic_load(&caller), &info))
        fail_msg("%zu calls of malloc or free, the first at %s+%#tx (%s)", atomic_load(&seen), info.dli_fname,
                 (char *)atomic_load(&caller) - (char *)info.dli_fbase, info.dli_sname ? info.dli_sname : "?");
    assert_in_range(atomic_load(&seen_ahead), 0, 40); /* three threads at most, some calls for each */
}

static unsigned char load(const volatile unsigned char *bytes, size_t at)
{
    at_work = at_work + 1;
    const unsigned char value = bytes[at];
    at_work = at_work - 1;
    return value;
}

static void store(volatile unsigned char *bytes, size_t at, unsigned char value)
{
    at_work = at_work + 1;
    bytes[at] = value;
    at_work = at_work - 1;
}

enum { LENGTH = 4 << 20 };

static void the_watch_sees_malloc(void **state)
{
    (void)state;
    begin_watching();
    free(malloc(10));
    assert_int_equal(atomic_load(&seen), 0);
    at_work = at_work + 1;
    free(malloc(10));
    at_work = at_work - 1;
    atomic_store(&watching, false);
    assert_int_equal(atomic_load(&seen), 2);
}

/* Loads and stores everywhere, of which the memory holds an eighth: chunks leave, those that were changed to the spill, and come back. */
static void random_accesses(void **state)
{
    (void)state;
    ufo_core *core = begin_core(512 * KIB);
    struct source source = {0}, other = {0};
    volatile unsigned char *writable = ufo_data(source_region(core, &source, LENGTH, 1, 1));
    volatile unsigned char *large = ufo_data(source_region(core, &other, LENGTH, 1, 64 * KIB));
    begin_watching();
    for (size_t i = 0, accesses = rounds_for(6000, 2000); i < accesses; i++) {
        const size_t at = i * 2654435761u % LENGTH;
        if (i % 3 == 0)
            store(writable, at, pattern(at));
        assert_int_equal(load(writable, at), pattern(at));
        if (i % 16 == 0)
            assert_int_equal(load(large, at), pattern(at));
    }
    end_watching();
    ufo_core_free(core);
}

/* Walks, which are recognised: several chunks come at once, and before they are asked for. */
static void walks(void **state)
{
    (void)state;
    ufo_core *core = begin_core(16 * MIB);
    struct source source = {0}, other = {0};
    const size_t length = rounds_for(32, 20) * MIB;
    const volatile unsigned char *read_only = ufo_data(walked_region(core, &source, length, true));
    volatile unsigned char *writable = ufo_data(walked_region(core, &other, length, false));
    begin_watching();
    for (int round = 0; round < 2; round++) {
        for (size_t at = 0; at < length; at += 4096)
            if (load(read_only, at) != pattern(at))
                fail_msg("byte %zu", at);
        for (size_t at = length; at > 0; at -= 4096) {
            if (load(writable, at - 1) != pattern(at - 1))
                fail_msg("byte %zu", at - 1);
            if (at / 4096 % 4 == 0)
                store(writable, at - 1, pattern(at - 1));
        }
    }
    end_watching();
    ufo_core_free(core);
}

/* Some chunks cannot be filled: what is remembered of it takes memory, too. */
static void failures(void **state)
{
    (void)state;
    ufo_core *core = begin_core(512 * KIB);
    struct source source = {.fail_first = 0, .fail_count = LENGTH, .fail_code = 7, .fail_times = 64};
    ufo *region = source_region(core, &source, LENGTH, 1, 1);
    const unsigned char *bytes = ufo_data(region);
    begin_watching();
    for (size_t at = 0; at < LENGTH; at += 4096) {
        uint8_t value = 0;
        at_work = at_work + 1;
        const int signal_number = guarded_read(bytes + at, &value);
        at_work = at_work - 1;
        if (signal_number == 0)
            assert_int_equal(value, pattern(at));
        else
            assert_int_equal(signal_number, SIGBUS);
    }
    end_watching();
    assert_int_equal(region_stats(region).failures, 64);
    ufo_core_free(core);
}

/* A file that changes go to. */
static void files(void **state)
{
    (void)state;
    ufo_core *core = begin_core(512 * KIB);
    const char *path = temp_file(LENGTH);
    ufo *region = file_region(core, path, 0, LENGTH, 16 * KIB, UFO_FILE_WRITEBACK);
    volatile unsigned char *bytes = ufo_data(region);
    begin_watching();
    for (size_t i = 0, accesses = rounds_for(4000, 1500); i < accesses; i++) {
        const size_t at = i * 2654435761u % LENGTH;
        assert_int_equal(load(bytes, at), pattern(at));
        store(bytes, at, pattern(at));
    }
    end_watching();
    ufo_core_free(core);
    assert_int_equal(file_pattern_mismatch(path, 0, LENGTH), LENGTH);
}

/* Calls: a fault may wait for the chunks that they have in hands. */
static void calls(void **state)
{
    (void)state;
    ufo_core *core = begin_core(512 * KIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 16 * KIB);
    static unsigned char block[40000];
    begin_watching();
    at_work = at_work + 1;
    for (size_t round = 0, rounds = rounds_for(500, 100); round < rounds; round++) {
        const size_t at = round * 2654435761u % (LENGTH - sizeof block);
        const ufo_status statuses[] = {
            ufo_read(region, at, sizeof block, block),
            ufo_write(region, at, sizeof block, block),
            ufo_touch(region, at, sizeof block),
            ufo_pin(region, at, sizeof block),
            ufo_unpin(region, at, sizeof block),
            ufo_evict(region, at, 20000),
            ufo_flush(region, at, 30000),
        };
        for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
            if (statuses[i] != UFO_OK)
                fail_msg("call %zu of round %zu: %s", i, round, ufo_last_error());
    }
    at_work = at_work - 1;
    end_watching();
    ufo_core_free(core);
}

/* Elements that lie in two chunks. */
static void straddling(void **state)
{
    (void)state;
    ufo_core *core = begin_core(512 * KIB);
    struct source source = {0};
    const size_t element = 5000, count = LENGTH / element;
    const volatile unsigned char *bytes = ufo_data(source_region(core, &source, count, element, 1));
    begin_watching();
    for (size_t i = 0, accesses = rounds_for(4000, 1500); i < accesses; i++) {
        const size_t at = i * 2654435761u % (count * element);
        assert_int_equal(load(bytes, at), pattern(at));
    }
    end_watching();
    ufo_core_free(core);
}

static ufo *shared_region;
static ATOMIC(size_t) next_chunk, wrong;

static void *load_some(void *unused)
{
    const volatile unsigned char *bytes = ufo_data(shared_region);
    for (int i = 0; i < 8; i++) {
        const size_t at = atomic_fetch_add(&next_chunk, 1) * 4096 % LENGTH;
        if (load(bytes, at) != pattern(at))
            atomic_fetch_add(&wrong, 1);
    }
    return unused;
}

/* A crowd, and a source that takes its time: more threads are needed than there were. */
static void crowds(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    struct source source = {.delay_ms = 5};
    shared_region = source_region(core, &source, LENGTH, 1, 1);
    struct team team;
    begin_watching();
    team_start(&team, 16, load_some, NULL);
    team_join(&team);
    end_watching();
    assert_int_equal(atomic_load(&wrong), 0);
    ufo_core_free(core);
}

/* An array made of another one, whose elements it loads. */
static int32_t copy_of(void *array, size_t first, size_t count, void *out)
{
    memcpy(out, (const unsigned char *)ufo_data(array) + first, count);
    return 0;
}

static ufo *copy_region(ufo_core *core, ufo *array)
{
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_chunk(config, 16 * KIB));
    assert_ok(ufo_config_set_populate(config, copy_of, array, NULL));
    assert_ok(ufo_config_set_readahead(config, 0));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    return region;
}

/* A fault of a fault of a fault: two threads read messages, and a third one is needed. */
static void one_more_than_there_were(void **state)
{
    (void)state;
    begin_test(60);
    for (size_t at = 0; at < 3; at++) {
        ufo_core_config *config = ufo_core_config_new();
        assert_ok(ufo_core_config_set_workers(config, 2));
        ufo_core *core = ufo_core_new(config);
        assert_non_null(core);
        ufo_core_config_free(config);
        struct source source = {0};
        ufo *region = copy_region(core, copy_region(core, source_region(core, &source, LENGTH, 1, 16 * KIB)));
        sleep_ms(300); /* until the core's threads have all begun */
        atomic_store(&held, true);
        const unsigned char value = *((const volatile unsigned char *)ufo_data(region) + at);
        atomic_store(&held, false);
        assert_int_equal(value, pattern(at));
        ufo_core_free(core);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_watch_sees_malloc),
        cmocka_unit_test(random_accesses),
        cmocka_unit_test(walks),
        cmocka_unit_test(failures),
        cmocka_unit_test(files),
        cmocka_unit_test(calls),
        cmocka_unit_test(straddling),
        cmocka_unit_test(crowds),
        cmocka_unit_test(one_more_than_there_were),
    };
    return RUN(tests);
}
