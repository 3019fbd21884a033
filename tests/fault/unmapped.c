/* SPDX-License-Identifier: MIT */
/*
 * The program unmaps, moves, replaces or protects lazy memory.  Where the kernel tells of it, the addresses stay the library's: what was unmapped
 * is absent, and comes back from its source; changed values of it are lost, and that is said.  Nobody ever reads zeros.
 */
#include "support/support.h"

#include <sys/mman.h>

enum { LENGTH = 1 << 20, CHUNK = 16 << 10 };

static bool told_of_it(const ufo_core *core)
{
    const uint32_t needed = UFO_FEATURE_WRITE_PROTECT | UFO_FEATURE_POISON;
    return !uses_protect(core) && (ufo_core_features(core) & needed) == needed;
}

static ufo_core *begin_told(size_t budget)
{
    ufo_core *core = begin_core(budget);
    if (!told_of_it(core)) {
        ufo_core_free(core);
        SKIP_TEST("the kernel does not tell of unmapped memory here");
    }
    return core;
}

/* Whether its page is mapped, and may be read. */
static bool is_readable(const unsigned char *at)
{
    char line[512], access = '-';
    unsigned long from, to;
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx %c", &from, &to, &access) == 3 && from <= (uintptr_t)at && (uintptr_t)at < to)
            break;
        else
            access = '-';
    fclose(maps);
    return access == 'r';
}

/*
 * The kernel lets munmap() go on when the message about it has been read, not when it has been answered: for a moment nothing is mapped, and then what
 * nobody may touch, until it is watched.
 */
static void wait_until_mapped(const unsigned char *start, size_t size)
{
    const uint64_t end = now_ms() + 30000;
    while (!is_readable(start) || !is_readable(start + size - 1)) {
        assert_true(now_ms() < end);
        sleep_ms(1);
    }
}

static void unmap(unsigned char *start, size_t size)
{
    assert_int_equal(munmap(start, size), 0);
    wait_until_mapped(start, size);
}

static unsigned char *move(unsigned char *start, size_t size)
{
    void *place = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(place, MAP_FAILED);
    void *moved = mremap(start, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, place);
    if (moved == MAP_FAILED)
        munmap(place, size);
    return moved;
}

/* With any variant: the right value, or a signal. */
static void assert_right_or_signal(const unsigned char *bytes, size_t first, size_t count)
{
    for (size_t at = first; at < first + count; at += 97) {
        uint8_t value = 0;
        if (guarded_read(bytes + at, &value) == 0)
            assert_int_equal(value, pattern(at));
    }
}

static void assert_read(ufo *region, size_t first, size_t count)
{
    unsigned char *copy = malloc(count);
    assert_ok(ufo_read(region, first, count, copy));
    assert_pattern(copy, first, count);
    free(copy);
}

static ufo *region_apart(ufo_core *core, struct source *source)
{
    *source = (struct source){.count = LENGTH, .element_size = 1};
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_chunk(config, CHUNK));
    assert_ok(ufo_config_set_address(config, place_apart()));
    assert_ok(ufo_config_set_populate(config, source_populate, source, source_free));
    ufo *region = ufo_new(core, config);
    ufo_config_free(config);
    assert_non_null(region);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_RANDOM));
    return region;
}

static void never_zeros(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    ufo *region = region_apart(core, &source);
    unsigned char *bytes = ufo_data(region);
    assert_read(region, 0, 2 * CHUNK);
    assert_int_equal(munmap(bytes + page_size(), 3 * CHUNK), 0);
    assert_right_or_signal(bytes, 0, LENGTH);
    unsigned char *moved = move(bytes + LENGTH / 2, LENGTH / 4);
    if (moved != MAP_FAILED) {
        for (size_t at = 0; at < LENGTH / 4; at += 97) {
            uint8_t value = 0;
            if (guarded_read(moved + at, &value) == 0)
                assert_int_equal(value, pattern(LENGTH / 2 + at));
        }
        munmap(moved, LENGTH / 4);
    }
    assert_right_or_signal(bytes, 0, LENGTH);
    ufo_core_free(core);
}

/* A chunk with a hole: what is beside it is right, and changes of it stay, or a signal or an error says that they do not. */
static void beside_a_hole(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {0};
    ufo *region = region_apart(core, &source);
    unsigned char *bytes = ufo_data(region);
    for (size_t chunk = 0; chunk < 8; chunk++) {
        unsigned char *data = bytes + chunk * CHUNK;
        const bool resident = chunk % 2 != 0;
        if (resident)
            assert_read(region, chunk * CHUNK, CHUNK);
        assert_int_equal(munmap(data + 2 * page_size(), page_size()), 0);
        if (chunk % 4 < 2)
            ufo_touch(region, chunk * CHUNK, CHUNK);
        assert_right_or_signal(bytes, chunk * CHUNK, CHUNK);
        const bool changed = guarded_write(data + 5, 99) == 0;
        ufo_evict(region, chunk * CHUNK, CHUNK);
        uint8_t value = 0;
        if (guarded_read(data + 5, &value) == 0)
            assert_int_equal(value, changed ? 99 : pattern(chunk * CHUNK + 5));
        assert_right_or_signal(bytes, chunk * CHUNK + page_size(), CHUNK - page_size());
    }
    ufo_core_free(core);
}

static void a_part_comes_back(void **state)
{
    (void)state;
    ufo_core *core = begin_told(4 * MIB);
    struct source source = {0};
    ufo *region = region_apart(core, &source);
    unsigned char *bytes = ufo_data(region);
    assert_pattern(bytes, 0, LENGTH);
    for (size_t round = 0; round < 20; round++) {
        const size_t first = round * 7 % 30 * page_size();
        unmap(bytes + first, (1 + round % 9) * page_size());
        if (round % 2 == 0)
            assert_read(region, 0, LENGTH);
        assert_pattern(bytes, 0, LENGTH);
    }
    unmap(bytes, LENGTH);
    assert_pattern(bytes, 0, LENGTH);
    assert_ok(ufo_evict(region, 0, LENGTH));
    assert_pattern(bytes, 0, LENGTH);
    ufo_core_free(core);
}

/* The header is the program's own: it has gone, but nobody else gets its place, beside which the elements go on. */
static void with_the_header(void **state)
{
    (void)state;
    ufo_core *core = begin_told(4 * MIB);
    for (size_t chunks = 1; chunks < 3; chunks++) { /* of a header alone the kernel does not tell */
        struct source source = {.count = LENGTH, .element_size = 1};
        ufo_config *config = ufo_config_new();
        assert_ok(ufo_config_set_elements(config, LENGTH, 1));
        assert_ok(ufo_config_set_header(config, 2 * page_size()));
        assert_ok(ufo_config_set_address(config, place_apart()));
        assert_ok(ufo_config_set_chunk(config, CHUNK));
        assert_ok(ufo_config_set_populate(config, source_populate, &source, NULL));
        ufo *region = ufo_new(core, config);
        assert_non_null(region);
        ufo_config_free(config);
        unsigned char *bytes = ufo_data(region), *header = ufo_header(region);
        assert_ptr_equal(header + 2 * page_size(), bytes);
        header[0] = 1;
        assert_pattern(bytes, 0, LENGTH);
        assert_int_equal(munmap(header, 2 * page_size() + chunks * CHUNK), 0);
        wait_until_mapped(bytes, chunks * CHUNK);
        assert_pattern(bytes, 0, LENGTH);
        assert_int_equal(guarded_peek(header), SIGSEGV);
        assert_read(region, 0, LENGTH);
        assert_ptr_equal(mmap(header, page_size(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), MAP_FAILED);
        ufo_free(region);
    }
    ufo_core_free(core);
}

static void changes_are_lost_and_that_is_said(void **state)
{
    (void)state;
    ufo_core *core = begin_told(4 * MIB);
    struct source source = {0};
    ufo *region = region_apart(core, &source);
    unsigned char *bytes = ufo_data(region);
    bytes[100] = 1;
    bytes[5 * CHUNK + 100] = 2;
    unmap(bytes, CHUNK);
    uint8_t value = 0;
    assert_int_equal(guarded_read(bytes + 100, &value), SIGBUS);
    assert_status(ufo_read(region, 100, 1, &value), UFO_ERR_LOST);
    assert_pattern(bytes + CHUNK, CHUNK, 4 * CHUNK);
    assert_ok(ufo_evict(region, 5 * CHUNK, CHUNK));
    assert_int_equal(bytes[5 * CHUNK + 100], 2);
    assert_ok(ufo_reset(region, 0, CHUNK));
    assert_pattern(bytes, 0, CHUNK);
    ufo_core_free(core);
}

static void over_two_regions(void **state)
{
    (void)state;
    ufo_core *core = begin_told(4 * MIB);
    struct source source = {0};
    ufo *regions[8];
    for (size_t i = 0; i < 8; i++) {
        regions[i] = source_region(core, &source, LENGTH, 1, CHUNK); /* side by side, as the kernel puts them */
        assert_pattern(ufo_data(regions[i]), 0, LENGTH);
    }
    for (size_t i = 0; i + 1 < 8; i++) {
        unsigned char *one = ufo_data(regions[i]), *other = ufo_data(regions[i + 1]);
        unsigned char *first = one < other ? one : other, *second = one < other ? other : one;
        if (second != first + LENGTH)
            continue; /* what is between them is not ours to unmap */
        unmap(first + LENGTH / 2, LENGTH);
        assert_pattern(first, 0, LENGTH);
        assert_pattern(second, 0, LENGTH);
    }
    ufo_core_free(core);
}

static void moved_away(void **state)
{
    (void)state;
    ufo_core *core = begin_told(4 * MIB);
    for (int kept = 0; kept < 2; kept++) {
        struct source source = {0};
        ufo *region = region_apart(core, &source);
        unsigned char *bytes = ufo_data(region);
        assert_pattern(bytes, 0, 3 * CHUNK);
        bytes[LENGTH / 2] = (unsigned char)~pattern(LENGTH / 2);
        unsigned char *moved = kept ? mremap(bytes, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL) : move(bytes, LENGTH);
        assert_ptr_not_equal(moved, MAP_FAILED);
        wait_until_mapped(bytes, LENGTH);
        uint8_t value = 0;
        assert_int_equal(guarded_read(moved + 5 * CHUNK, &value), SIGBUS); /* was not there, and is nobody's now */
        assert_int_equal(guarded_read(moved + 10, &value), 0);
        assert_int_equal(value, pattern(10));
        assert_int_equal(guarded_read(moved + LENGTH / 2, &value), 0);
        assert_int_equal(value, (unsigned char)~pattern(LENGTH / 2));
        assert_pattern(bytes, 0, LENGTH / 2);
        assert_int_equal(guarded_read(bytes + LENGTH / 2, &value), SIGBUS);
        assert_status(ufo_read(region, LENGTH / 2, 1, &value), UFO_ERR_LOST);
        ufo_free(region);
        assert_int_equal(guarded_read(moved + 10, &value), 0);
        assert_int_equal(value, pattern(10));
        assert_int_equal(munmap(moved, LENGTH), 0);
    }
    ufo_core_free(core);
}

/* The kernel tells of a move twice, of where the memory was and of what is not mapped any more, and two threads may hear of it at once. */
static void moved_again_and_again(void **state)
{
    (void)state;
    ufo_core *core = begin_told(4 * MIB);
    struct source source = {0};
    ufo *region = region_apart(core, &source);
    unsigned char *bytes = ufo_data(region);
    const uint64_t end = now_ms() + 2000;
    for (size_t i = 0; now_ms() < end; i++) {
        const size_t first = i % 60 * CHUNK;
        unsigned char *moved = move(bytes + first, 2 * CHUNK);
        assert_ptr_not_equal(moved, MAP_FAILED);
        wait_until_mapped(bytes + first, 2 * CHUNK);
        assert_read(region, first, 2 * CHUNK);
        assert_int_equal(munmap(moved, 2 * CHUNK), 0);
    }
    assert_pattern(bytes, 0, LENGTH);
    ufo_core_free(core);
}

/* What is somebody else's now is neither read, nor written, nor dropped, nor unmapped. */
static void replaced_by_memory_of_the_program(void **state)
{
    (void)state;
    ufo_core *core = begin_told(256 * KIB);
    for (int write = 0; write < 2; write++) {
        struct source source = {0};
        ufo *region = region_apart(core, &source);
        unsigned char *bytes = ufo_data(region);
        const size_t first = 4 * CHUNK, size = 5 * CHUNK;
        assert_read(region, first, 2 * CHUNK);
        if (write)
            bytes[first + 5] = (unsigned char)~pattern(first + 5);
        unsigned char *own = mmap(bytes + first, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        assert_ptr_equal(own, bytes + first);
        memset(own, 0xAA, size);
        uint8_t value;
        const uint64_t end = now_ms() + 10000;
        while (ufo_read(region, first, 1, &value) == UFO_OK && now_ms() < end)
            sleep_ms(1);
        for (size_t at = first; at < first + size; at += CHUNK / 2) {
            assert_status(ufo_read(region, at, 1, &value), UFO_ERR_LOST);
            assert_status(ufo_write(region, at, 1, "x"), UFO_ERR_LOST);
        }
        assert_pattern(bytes, 0, first);
        assert_pattern(bytes + first + size, first + size, LENGTH - first - size); /* everything else leaves */
        (void)ufo_evict(region, 0, LENGTH);
        (void)ufo_reset(region, first, size);
        (void)ufo_flush(region, 0, LENGTH);
        assert_int_equal(ufo_read(region, first, 1, &value), UFO_ERR_LOST);
        ufo_free(region);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(own[at], 0xAA);
        assert_int_not_equal(guarded_peek(own - 1), 0);
        assert_int_not_equal(guarded_peek(own + size), 0);
        assert_int_equal(munmap(own, size), 0);
    }
    ufo_core_free(core);
}

/* The rest of a chunk of which a part is the program's: a load there ends, in a signal or with what is right. */
static void beside_memory_of_the_program(void **state)
{
    (void)state;
    ufo_core *core = begin_told(256 * KIB);
    for (int resident = 0; resident < 2; resident++) {
        struct source source = {0};
        ufo *region = region_apart(core, &source);
        unsigned char *bytes = ufo_data(region);
        const size_t page = page_size(), first = 3 * CHUNK;
        if (resident)
            assert_read(region, first, CHUNK);
        unsigned char *own = mmap(bytes + first + page, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        assert_ptr_equal(own, bytes + first + page);
        memset(own, 0xAA, page);
        const uint64_t end = now_ms() + 10000;
        while (ufo_touch(region, first, 1) != UFO_ERR_LOST && now_ms() < end) /* until the kernel's message has been heard */
            sleep_ms(1);
        assert_status(ufo_touch(region, first, 1), UFO_ERR_LOST);
        (void)ufo_evict(region, first, CHUNK);
        for (size_t at = 0; at < CHUNK; at += page) {
            uint8_t value = 0;
            if (guarded_read(bytes + first + at, &value) == 0)
                assert_int_equal(value, at == page ? 0xAA : pattern(first + at));
            else
                assert_int_not_equal(at, page);
        }
        assert_pattern(bytes, 0, first);
        assert_pattern(bytes + first + CHUNK, first + CHUNK, LENGTH - first - CHUNK);
        ufo_free(region);
        for (size_t at = 0; at < page; at++)
            assert_int_equal(own[at], 0xAA);
        assert_int_equal(munmap(own, page), 0);
    }
    ufo_core_free(core);
}

static void protected_by_the_program(void **state)
{
    (void)state;
    ufo_core *core = begin_told(256 * KIB);
    struct source source = {0};
    ufo *region = region_apart(core, &source);
    unsigned char *bytes = ufo_data(region);
    assert_pattern(bytes, 0, 2 * CHUNK);
    uint8_t value = 0;
    assert_int_equal(mprotect(bytes, LENGTH, PROT_NONE), 0);
    assert_int_equal(guarded_read(bytes, &value), SIGSEGV);
    assert_int_equal(guarded_read(bytes + LENGTH / 2, &value), SIGSEGV);
    assert_int_equal(mprotect(bytes, LENGTH, PROT_READ), 0);
    assert_pattern(bytes, 0, LENGTH); /* comes in, and leaves */
    assert_int_equal(guarded_write(bytes + 7, 1), SIGSEGV);
    assert_int_equal(mprotect(bytes, LENGTH, PROT_READ | PROT_WRITE), 0);
    bytes[7] = (unsigned char)~pattern(7);
    assert_pattern(bytes + CHUNK, CHUNK, LENGTH - CHUNK);
    assert_int_equal(bytes[7], (unsigned char)~pattern(7));
    ufo_core_free(core);
}

static ATOMIC(bool) stop;
static ATOMIC(size_t) wrong;

static void *read_everywhere(void *argument)
{
    ufo *region = argument;
    const unsigned char *bytes = ufo_data(region);
    uint64_t random = now_ms();
    while (!atomic_load(&stop)) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        const size_t at = (random >> 33) % LENGTH;
        unsigned char value;
        if (at % 8 == 0)
            value = ufo_read(region, at, 1, &value) == UFO_OK ? value : pattern(at);
        else
            value = *(const volatile unsigned char *)(bytes + at);
        if (value != pattern(at))
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

/* The program's stores would get lost, so it only loads.  A load may meet the moment in which nothing is mapped: that is a signal, as anywhere. */
static void while_others_read(void **state)
{
    (void)state;
    ufo_core *core = begin_told(256 * KIB);
    struct source source = {0};
    ufo *region = region_apart(core, &source);
    unsigned char *bytes = ufo_data(region);
    struct team team;
    atomic_store(&stop, false);
    team_start(&team, 3, read_everywhere, region);
    const uint64_t end = now_ms() + 1000;
    for (size_t i = 0; now_ms() < end; i++) {
        /* The kernel leaves the old place mapped here, so that nobody finds a hole. */
        unsigned char *moved = mremap(bytes + i % 60 * CHUNK, CHUNK, CHUNK, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
        if (moved != MAP_FAILED)
            munmap(moved, CHUNK);
    }
    atomic_store(&stop, true);
    team_join(&team);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_pattern(bytes, 0, LENGTH);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_zeros),
        cmocka_unit_test(beside_a_hole),
        cmocka_unit_test(a_part_comes_back),
        cmocka_unit_test(with_the_header),
        cmocka_unit_test(changes_are_lost_and_that_is_said),
        cmocka_unit_test(over_two_regions),
        cmocka_unit_test(moved_away),
        cmocka_unit_test(moved_again_and_again),
        cmocka_unit_test(replaced_by_memory_of_the_program),
        cmocka_unit_test(beside_memory_of_the_program),
        cmocka_unit_test(protected_by_the_program),
        cmocka_unit_test(while_others_read),
    };
    return RUN(tests);
}
