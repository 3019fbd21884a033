/* SPDX-License-Identifier: MIT */
/* Walks where some of the chunks are in memory already, each on its own. */
#include "support/support.h"

#include <inttypes.h>

#include <sys/mman.h>

#define EXTENT (2 * MIB)
#define CHUNK (64 * KIB)

/* Bytes of the array that are huge pages. */
static size_t huge_bytes(const ufo *region)
{
    const uintptr_t begin = (uintptr_t)ufo_data(region);
    const uintptr_t end = begin + ufo_count(region);
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    char line[512];
    bool inside = false;
    size_t sum = 0;
    while (fgets(line, sizeof line, maps)) {
        uintptr_t from, to;
        size_t kib;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            inside = from < end && to > begin;
        else if (inside && sscanf(line, "AnonHugePages: %zu kB", &kib) == 1)
            sum += kib * KIB;
    }
    fclose(maps);
    return sum;
}

/* Of the process; 0 if the kernel does not say. */
static size_t page_table_kib(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    assert_non_null(status);
    char line[256];
    size_t kib = 0;
    while (fgets(line, sizeof line, status) && sscanf(line, "VmPTE: %zu kB", &kib) != 1) {
    }
    fclose(status);
    return kib;
}

/* Whether a page table goes when all that it is for is dropped: Linux 6.14 and later, on some processors. */
static bool tables_are_freed(void)
{
    unsigned char *memory = mmap(NULL, 2 * EXTENT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    unsigned char *aligned = memory + (EXTENT - (uintptr_t)memory % EXTENT) % EXTENT;
    madvise(memory, 2 * EXTENT, MADV_NOHUGEPAGE);
    aligned[0] = 1;
    const size_t before = page_table_kib();
    madvise(aligned, EXTENT, MADV_DONTNEED);
    const bool freed = page_table_kib() < before;
    munmap(memory, 2 * EXTENT);
    return freed;
}

static uint64_t next(uint64_t *random) { return *random = *random * 6364136223846793005U + 1442695040888963407U; }

/* Loads one byte of some chunk in each extent. */
static void read_here_and_there(ufo *region, unsigned seed)
{
    const unsigned char *bytes = ufo_data(region);
    const size_t length = ufo_count(region);
    uint64_t random = seed;
    assert_ok(ufo_advise(region, 0, length, UFO_ADVICE_RANDOM));
    for (size_t at = 0; at < length; at += EXTENT) {
        const size_t place = at + (size_t)(next(&random) >> 33) % EXTENT;
        assert_int_equal(bytes[place], pattern(place));
    }
    assert_ok(ufo_advise(region, 0, length, UFO_ADVICE_NORMAL));
}

/* Huge pages that were moved in pieces once would never be whole again, and the pieces of one would break the next. */
static void single_reads_do_not_break_huge_pages(void **state)
{
    (void)state;
    const size_t budget = 32 * MIB;
    const size_t length = 3 * budget;
    if (!tables_are_freed())
        SKIP_TEST("this kernel keeps page tables that are empty");
    ufo_core *core = begin_core(budget);
    struct source sources[2] = {0};
    if (!has_moving_extents(core))
        SKIP_TEST("it takes extents that move (UFFDIO_MOVE and write-protection)");
    ufo *untouched = walked_region(core, &sources[0], length, true);
    walk_through(untouched);
    const size_t usual = huge_bytes(untouched);
    if (usual < budget / 2)
        SKIP_TEST("the kernel has no huge pages to give");
    ufo_free(untouched);

    ufo *region = walked_region(core, &sources[1], length, true);
    for (unsigned round = 1; round <= 4; round++) {
        read_here_and_there(region, round);
        walk_through(region);
        walk_through(region);
        /* What came alone may stay as it is for as long as it is used; what comes now comes in the frames that are left. */
        assert_ok(ufo_evict(region, 0, ufo_count(region)));
        walk_through(region);
        if (huge_bytes(region) < usual / 2)
            fail_msg("%zu MiB of huge pages after round %u, %zu MiB where nobody reads in between", huge_bytes(region) / MIB, round, usual / MIB);
    }
    assert_in_range(core_stats(core).peak_bytes, 1, budget);
    ufo_core_free(core);
}

/* What came alone does not keep its neighbours from coming in one call. */
static void an_extent_comes_in_one_call(void **state)
{
    (void)state;
    const size_t length = 32 * MIB;
    ufo_core *core = begin_core(3 * length);
    struct source source = {0};
    ufo *region = walked_region(core, &source, length, true);
    for (size_t at = 0; at < length; at += EXTENT)
        for (size_t chunk = 1; chunk < 12; chunk += 5)
            assert_ok(ufo_touch(region, at + chunk * CHUNK, 1));
    walk_through(region);
    assert_pattern(ufo_data(region), 0, length);
    assert_int_equal(atomic_load(&source.outside), 0);
    if (has_moving_extents(core)) { /* some extents may come chunk by chunk */
        assert_in_range(atomic_load(&source.elements), length, length + length / 8);
        assert_in_range(atomic_load(&source.calls), 1, length / CHUNK / 2);
    } else {
        assert_int_equal(atomic_load(&source.elements), length);
    }
    ufo_core_free(core);
}

/* What has joined its extent is stored to as anything else. */
static void stores_to_what_has_joined_are_kept(void **state)
{
    (void)state;
    const size_t length = 32 * MIB;
    ufo_core *core = begin_core(length / 2 + 4 * MIB);
    struct source source = {0};
    ufo *region = walked_region(core, &source, length, false);
    volatile unsigned char *bytes = ufo_data(region);
    for (unsigned char round = 1; round <= 3; round++) {
        for (size_t at = 0; at < length; at += EXTENT) {
            assert_ok(ufo_touch(region, at + 5 * CHUNK, 1));
            assert_ok(ufo_touch(region, at + 20 * CHUNK, 1));
        }
        for (size_t at = 0; at < length; at += EXTENT) {
            const size_t last = at + EXTENT - 4096; /* all of it is there, or was a moment ago */
            assert_int_equal(bytes[last], pattern(last));
            for (size_t i = at + 4096; i < at + EXTENT; i += 4096)
                assert_int_equal(bytes[i], pattern(i));
            for (size_t chunk = 5; chunk <= 20; chunk += 15)
                bytes[at + chunk * CHUNK + 7] = round;
        }
        assert_ok(ufo_evict(region, 0, length));
        for (size_t at = 0; at < length; at += EXTENT)
            for (size_t chunk = 5; chunk <= 20; chunk += 15)
                assert_int_equal(bytes[at + chunk * CHUNK + 7], round);
        assert_ok(ufo_evict(region, 0, length));
    }
    ufo_core_free(core);
}

/* Of what has changed nearly everywhere the source is not asked for the rest in one call, which would be for nothing most of the time. */
static void what_has_changed_comes_back(void **state)
{
    (void)state;
    const size_t length = 32 * MIB;
    ufo_core *core = begin_core(length / 2 + 4 * MIB);
    struct source source = {0};
    ufo *region = walked_region(core, &source, length, false);
    volatile unsigned char *bytes = ufo_data(region);
    const size_t chunks = EXTENT / CHUNK;
    for (size_t at = 0; at < length; at += CHUNK)
        if (at % EXTENT != 0 && at % EXTENT != EXTENT - CHUNK)
            bytes[at + 9] = 77;
    assert_ok(ufo_evict(region, 0, length));
    const size_t asked = atomic_load(&source.elements);
    for (int round = 0; round < 2; round++)
        for (size_t at = 0; at < length; at += CHUNK) {
            const bool changed = at % EXTENT != 0 && at % EXTENT != EXTENT - CHUNK;
            assert_int_equal(bytes[at + 9], changed ? 77 : pattern(at + 9));
            assert_int_equal(bytes[at + 10], pattern(at + 10));
        }
    assert_in_range(atomic_load(&source.elements) - asked, 0, length / chunks * 2 * 2); /* twice two chunks of each extent */
    ufo_core_free(core);
}

/* A chunk that cannot be taken into its extent in full stays what it was: stores to it are noticed. */
static void a_discarded_page_keeps_its_chunk_out(void **state)
{
    (void)state;
    const size_t length = 32 * MIB;
    ufo_core *core = begin_core(3 * length);
    struct source source = {0};
    ufo *region = walked_region(core, &source, length, false);
    volatile unsigned char *bytes = ufo_data(region);
    const size_t chunk = 2 * EXTENT + 5 * CHUNK;
    assert_ok(ufo_touch(region, chunk, 1));
    assert_int_equal(madvise((unsigned char *)ufo_data(region) + chunk + 8 * 4096, 4096, MADV_DONTNEED), 0);
    for (size_t at = 0; at < 2 * EXTENT + CHUNK; at += 4096)
        assert_int_equal(bytes[at], pattern(at));
    bytes[chunk] = 77;
    (void)ufo_evict(region, chunk, 1); /* what has changed, and is not there in full, cannot leave */
    assert_int_equal(bytes[chunk], 77);
    assert_int_equal(bytes[chunk + 4096], pattern(chunk + 4096));
    ufo_core_free(core);
}

/* The first chunk of each extent tells what is in the others. */
struct chapters {
    ufo *region;
    bool by_call;
    ATOMIC(size_t) failed;
};

static unsigned char heading_of(size_t at) { return (unsigned char)(at / EXTENT + 3); }

static int32_t fill_chapter(void *argument, size_t first, size_t count, void *out)
{
    struct chapters *chapters = argument;
    const size_t heading_at = first / EXTENT * EXTENT;
    unsigned char heading = heading_of(first);
    if (first != heading_at && !chapters->by_call)
        heading = ((const volatile unsigned char *)ufo_data(chapters->region))[heading_at];
    else if (first != heading_at && ufo_read(chapters->region, heading_at, 1, &heading) != UFO_OK)
        atomic_fetch_add(&chapters->failed, 1);
    memset(out, heading, count);
    return 0;
}

enum there { the_heading, another_chunk, another_that_changed };

static void read_chapters(enum there there, bool by_call)
{
    const size_t length = 32 * MIB;
    ufo_core *core = begin_core(3 * length);
    struct chapters chapters = {.by_call = by_call};
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, length, 1));
    assert_ok(ufo_config_set_read_only(config, there != another_that_changed));
    assert_ok(ufo_config_set_populate(config, fill_chapter, &chapters, NULL));
    ufo *region = chapters.region = ufo_new(core, config);
    ufo_config_free(config);
    assert_non_null(region);
    assert_ok(ufo_advise(region, 0, length, UFO_ADVICE_RANDOM));
    for (size_t at = 0; at < length; at += EXTENT) {
        const unsigned char heading = heading_of(at);
        if (there == another_that_changed)
            assert_ok(ufo_write(region, at + 5 * CHUNK, 1, &heading));
        else
            assert_ok(ufo_touch(region, there == the_heading ? at : at + 5 * CHUNK, 1));
        if (there != the_heading)
            assert_ok(ufo_evict(region, at, there == another_chunk ? 1 : EXTENT));
    }
    assert_ok(ufo_advise(region, 0, length, UFO_ADVICE_NORMAL));
    const volatile unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < length; at += 4096)
        assert_int_equal(bytes[at], heading_of(at));
    assert_int_equal(atomic_load(&chapters.failed), 0);
    ufo_core_free(core);
}

static void callbacks_may_load_what_is_there(void **state) { (void)state, read_chapters(the_heading, false); }
static void callbacks_may_read_what_is_there(void **state) { (void)state, read_chapters(the_heading, true); }
static void callbacks_may_load_what_is_not(void **state)
{
    (void)state;
    read_chapters(another_chunk, false);
    read_chapters(another_that_changed, false);
}
static void callbacks_may_read_what_is_not(void **state)
{
    (void)state;
    read_chapters(another_chunk, true);
    read_chapters(another_that_changed, true);
}

/* An extent that cannot come in costs little more than its chunks. */
static void a_failure_is_not_tried_again_for_each_chunk(void **state)
{
    (void)state;
    const size_t length = 32 * MIB;
    ufo_core *core = begin_core(3 * length);
    struct source source = {.fail_first = 4 * EXTENT - 1, .fail_count = 1, .fail_code = 5, .fail_times = -1};
    ufo *region = walked_region(core, &source, length, true);
    const unsigned char *bytes = ufo_data(region);
    const size_t end = 4 * EXTENT - CHUNK; /* of what does not fail */
    for (size_t at = 0; at < end; at += 4096)
        assert_int_equal(bytes[at], pattern(at));
    assert_in_range(atomic_load(&source.elements), end, end + 8 * EXTENT);
    ufo_core_free(core);
}

/* What has changed, or is pinned, stays where it is. */
static void changes_and_pins_stay(void **state)
{
    (void)state;
    const size_t length = 32 * MIB;
    ufo_core *core = begin_core(length / 2 + 4 * MIB);
    struct source source = {0};
    ufo *region = walked_region(core, &source, length, false);
    volatile unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < length; at += EXTENT) {
        assert_ok(ufo_pin(region, at + 3 * CHUNK, 1));
        bytes[at + 7 * CHUNK + 5] = 77;
    }
    for (int round = 0; round < 3; round++) {
        walk_through(region);
        for (size_t at = 0; at < length; at += EXTENT) {
            assert_int_equal(resident_bytes(bytes + at + 3 * CHUNK, CHUNK), CHUNK);
            assert_int_equal(bytes[at + 7 * CHUNK + 5], 77);
        }
    }
    for (size_t at = 0; at < length; at += EXTENT)
        assert_ok(ufo_unpin(region, at + 3 * CHUNK, 1));
    assert_ok(ufo_evict(region, 0, length));
    for (size_t at = 0; at < length; at += EXTENT)
        assert_int_equal(bytes[at + 7 * CHUNK + 5], 77);
    ufo_core_free(core);
}

struct crowd {
    ufo *region;
    ATOMIC(bool) over;
    ATOMIC(unsigned) members;
    ATOMIC(size_t) wrong, failed;
};

/* Reads, pins and sends away single chunks while others walk. */
static void *meddle(void *argument)
{
    struct crowd *crowd = argument;
    const size_t length = ufo_count(crowd->region);
    const volatile unsigned char *bytes = ufo_data(crowd->region);
    uint64_t random = atomic_fetch_add(&crowd->members, 1) + 1;
    while (!atomic_load(&crowd->over)) {
        const size_t at = (size_t)(next(&random) >> 33) % length;
        switch (random >> 60 & 3) {
        case 0:
            (void)ufo_evict(crowd->region, at, 1); /* it may be pinned */
            break;
        case 1:
            if (ufo_pin(crowd->region, at, 1) != UFO_OK || bytes[at] != pattern(at) || ufo_unpin(crowd->region, at, 1) != UFO_OK)
                atomic_fetch_add(&crowd->failed, 1);
            break;
        case 2: {
            unsigned char byte = 0;
            if (ufo_read(crowd->region, at, 1, &byte) != UFO_OK || byte != pattern(at))
                atomic_fetch_add(&crowd->failed, 1);
            break;
        }
        default:
            if (bytes[at] != pattern(at))
                atomic_fetch_add(&crowd->wrong, 1);
        }
    }
    return NULL;
}

static void mix(bool read_only)
{
    const size_t budget = 32 * MIB;
    ufo_core *core = begin_core(budget);
    struct source source = {0};
    struct crowd crowd = {.region = walked_region(core, &source, 2 * budget, read_only)};
    struct team team;
    team_start(&team, 3, meddle, &crowd);
    const uint64_t end = now_ms() + 1000;
    do
        walk_through(crowd.region);
    while (now_ms() < end);
    atomic_store(&crowd.over, true);
    team_join(&team);
    assert_int_equal(atomic_load(&crowd.wrong), 0);
    assert_int_equal(atomic_load(&crowd.failed), 0);

    /* All of it can leave. */
    struct source other_source = {0};
    ufo *other = walked_region(core, &other_source, budget * 3 / 4, true);
    assert_ok(ufo_pin(other, 0, budget * 3 / 4));
    assert_pattern(ufo_data(other), 0, budget * 3 / 4);
    assert_ok(ufo_unpin(other, 0, budget * 3 / 4));
    assert_in_range(core_stats(core).peak_bytes, 1, budget);
    ufo_core_free(core);
}

static void nothing_stays_for_ever(void **state) { (void)state, mix(true); }
static void nothing_writable_stays_for_ever(void **state) { (void)state, mix(false); }

/* Touched by call and then loaded, while others walk by call: where there is room for everything nothing goes away, not even for a moment. */
struct visitor {
    const volatile unsigned char *bytes;
    size_t length;
    ATOMIC(bool) over;
    ATOMIC(size_t) wrong;
};

static void *visit(void *argument)
{
    struct visitor *visitor = argument;
    while (!atomic_load(&visitor->over))
        for (size_t at = 5 * CHUNK + 100; at < visitor->length; at += EXTENT)
            if (visitor->bytes[at] != pattern(at))
                atomic_fetch_add(&visitor->wrong, 1);
    return NULL;
}

static void what_was_touched_stays_for_callers(void **state)
{
    (void)state;
    const size_t length = 32 * MIB;
    ufo_core *core = begin_core(3 * length);
    struct source source = {.count = length, .element_size = 1};
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, length, 1));
    assert_ok(ufo_config_set_read_only(config, true));
    assert_ok(ufo_config_set_populate(config, source_populate, &source, NULL));
    assert_ok(ufo_config_set_populate_policy(config, UFO_POPULATE_CALLER));
    ufo *region = ufo_new(core, config);
    ufo_config_free(config);
    assert_non_null(region);
    for (size_t at = 5 * CHUNK; at < length; at += EXTENT)
        assert_ok(ufo_touch(region, at, CHUNK));
    struct visitor visitor = {.bytes = ufo_data(region), .length = length};
    struct team team;
    team_start(&team, 1, visit, &visitor);
    assert_ok(ufo_touch(region, 0, length));
    atomic_store(&visitor.over, true);
    team_join(&team);
    assert_int_equal(atomic_load(&visitor.wrong), 0);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_reads_do_not_break_huge_pages),
        cmocka_unit_test(an_extent_comes_in_one_call),
        cmocka_unit_test(stores_to_what_has_joined_are_kept),
        cmocka_unit_test(what_has_changed_comes_back),
        cmocka_unit_test(a_discarded_page_keeps_its_chunk_out),
        cmocka_unit_test(callbacks_may_load_what_is_there),
        cmocka_unit_test(callbacks_may_read_what_is_there),
        cmocka_unit_test(callbacks_may_load_what_is_not),
        cmocka_unit_test(callbacks_may_read_what_is_not),
        cmocka_unit_test(a_failure_is_not_tried_again_for_each_chunk),
        cmocka_unit_test(changes_and_pins_stay),
        cmocka_unit_test(nothing_stays_for_ever),
        cmocka_unit_test(nothing_writable_stays_for_ever),
        cmocka_unit_test(what_was_touched_stays_for_callers),
    };
    return RUN(tests);
}
