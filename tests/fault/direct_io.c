/* SPDX-License-Identifier: MIT */
/*
 * read(2) with O_DIRECT into lazy memory whose chunks leave meanwhile: what was read is not lost.  The kernel writes to pages that it
 * has pinned, without a fault, whatever the page tables say by then.
 */
#include "support/support.h"

#include <errno.h>

enum { ROUND_MS = 1500 };
#define BUDGET (2 * MIB)
#define LENGTH (8 * MIB)
#define TRANSFER (256 * KIB)
#define FILE_SIZE (1 * MIB)

struct leaver {
    ufo *region;
    void (*make_leave)(ufo *region, size_t round);
    ATOMIC(bool) stop;
};

static void evict(ufo *region, size_t round)
{
    (void)round;
    (void)ufo_evict(region, 0, TRANSFER); /* may be refused: a page is pinned by the kernel */
}

/* Flushed chunks count as unchanged, and would be dropped. */
static void flush_and_evict(ufo *region, size_t round)
{
    (void)ufo_flush(region, 0, TRANSFER);
    evict(region, round);
}

/* Everything in memory has to make room four times over. */
static void scan_the_rest(ufo *region, size_t round)
{
    (void)ufo_flush(region, 0, TRANSFER);
    for (size_t at = TRANSFER + round % 7 * page_size(); at < LENGTH; at += 64 * KIB)
        (void)ufo_touch(region, at, 1);
}

static void *leave_all_the_time(void *argument)
{
    struct leaver *leaver = argument;
    for (size_t round = 0; !atomic_load(&leaver->stop); round++)
        leaver->make_leave(leaver->region, round);
    return NULL;
}

static void read_while(size_t chunk, void (*make_leave)(ufo *region, size_t round))
{
    begin_watched(30);
    ufo_core *core = new_core(BUDGET);
    if (!(ufo_core_features(core) & UFO_FEATURE_MOVE) || !serves_system_calls(core)) {
        ufo_core_free(core);
        SKIP_TEST("without UFFDIO_MOVE nothing tells that the kernel holds a page");
    }
    int fd = temp_direct_file(FILE_SIZE + TRANSFER);
    if (fd < 0) {
        ufo_core_free(core);
        SKIP_TEST("no file system with O_DIRECT");
    }
    struct leaver leaver = {.region = zero_region(core, LENGTH, chunk), .make_leave = make_leave};
    unsigned char *bytes = ufo_data(leaver.region);
    struct team team;
    team_start(&team, 1, leave_all_the_time, &leaver);

    uint64_t end = now_ms() + ROUND_MS;
    size_t reads = 0, wrong = TRANSFER, offset = 0;
    ssize_t got = (ssize_t)TRANSFER;
    int error = 0;
    while (now_ms() < end && got == (ssize_t)TRANSFER && wrong == TRANSFER) {
        offset = reads * 17 % (FILE_SIZE / 4096) * 4096; /* another content each time */
        got = pread(fd, bytes, TRANSFER, (off_t)offset);
        error = errno;
        if (got == (ssize_t)TRANSFER)
            wrong = pattern_mismatch(bytes, offset, TRANSFER);
        reads++;
    }
    atomic_store(&leaver.stop, true);
    team_join(&team);
    close(fd);
    if (got != (ssize_t)TRANSFER)
        fail_msg("read %zu gave %zd: %s", reads, got, got < 0 ? strerror(error) : "too short");
    if (wrong != TRANSFER)
        fail_msg("read %zu: byte %zu is not what was read from the file", reads, wrong);
    assert_pattern(bytes, offset, TRANSFER); /* and stays so */
    assert_true(reads > 10);
    ufo_core_free(core);
}

static void evicted_small_chunks(void **state) { (void)state, read_while(4 * KIB, evict); }
static void evicted_chunks(void **state) { (void)state, read_while(64 * KIB, evict); }
static void flushed_small_chunks(void **state) { (void)state, read_while(4 * KIB, flush_and_evict); }
static void flushed_chunks(void **state) { (void)state, read_while(64 * KIB, flush_and_evict); }
static void small_chunks_under_pressure(void **state) { (void)state, read_while(4 * KIB, scan_the_rest); }
static void chunks_under_pressure(void **state) { (void)state, read_while(64 * KIB, scan_the_rest); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evicted_small_chunks),        cmocka_unit_test(evicted_chunks),
        cmocka_unit_test(flushed_small_chunks),        cmocka_unit_test(flushed_chunks),
        cmocka_unit_test(small_chunks_under_pressure), cmocka_unit_test(chunks_under_pressure),
    };
    return RUN(tests);
}
