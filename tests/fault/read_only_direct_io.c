/* SPDX-License-Identifier: MIT */
/*
 * A chunk of a read-only region cannot leave because the kernel writes its pages to a file, past the page cache: it comes back as it was,
 * protected.  A store still ends in a signal.
 */
#include "support/support.h"

#include <errno.h>

enum { LENGTH = 1 << 20, ROUNDS = 8, ROUND_MS = 500 };
#define CHUNK (64 * KIB)
/* The end of the first chunk is pinned, its beginning can be moved. */
#define FIRST (CHUNK / 2)
#define TRANSFER (512 * KIB)

struct writer {
    int fd;
    const unsigned char *bytes;
    ATOMIC(bool) stop;
    ATOMIC(size_t) writes;
    ATOMIC(int) error;
};

static void *write_all_the_time(void *argument)
{
    struct writer *writer = argument;
    while (!atomic_load(&writer->stop)) {
        ssize_t done = pwrite(writer->fd, writer->bytes + FIRST, TRANSFER, 0);
        if (done != (ssize_t)TRANSFER) {
            atomic_store(&writer->error, done < 0 ? errno : -1);
            break;
        }
        atomic_fetch_add(&writer->writes, 1);
    }
    return NULL;
}

static ufo *read_only_region(ufo_core *core, struct source *source)
{
    ufo_config *config = ufo_config_new();
    source->count = LENGTH;
    source->element_size = 1;
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_chunk(config, CHUNK));
    assert_ok(ufo_config_set_read_only(config, 1));
    assert_ok(ufo_config_set_populate(config, source_populate, source, NULL));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    return region;
}

static void a_store_is_still_refused(void **state)
{
    (void)state;
    begin_watched(60);
    ufo_core *core = new_core(4 * MIB);
    if (!(ufo_core_features(core) & UFO_FEATURE_MOVE) || !serves_system_calls(core)) {
        ufo_core_free(core);
        SKIP_TEST("chunks leave by UFFDIO_MOVE only where there is one");
    }
    int fd = temp_direct_file(TRANSFER);
    if (fd < 0) {
        ufo_core_free(core);
        SKIP_TEST("no file system with O_DIRECT");
    }
    size_t refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct source source = {0};
        ufo *region = read_only_region(core, &source);
        unsigned char *bytes = ufo_data(region);
        struct writer writer = {.fd = fd, .bytes = bytes};
        struct team team;
        team_start(&team, 1, write_all_the_time, &writer);
        ufo_status status = UFO_OK;
        for (uint64_t end = now_ms() + ROUND_MS; now_ms() < end && status == UFO_OK && !atomic_load(&writer.error);)
            status = ufo_evict(region, 0, 1);
        /* The first store decides: after it the whole region refuses. */
        const int signal_number = guarded_write(bytes + 3, (uint8_t)~pattern(3));
        const size_t wrong = pattern_mismatch(bytes, 0, LENGTH);
        atomic_store(&writer.stop, true);
        team_join(&team);
        assert_int_equal(atomic_load(&writer.error), 0);
        if (status != UFO_OK)
            assert_int_equal(status, UFO_ERR_PINNED);
        if (signal_number != SIGSEGV && signal_number != SIGBUS)
            fail_msg("the store succeeded, after the eviction gave %s", ufo_status_string(status));
        assert_int_equal(wrong, LENGTH);
        refused += status != UFO_OK;

        assert_ok(ufo_evict(region, 0, LENGTH)); /* nobody holds a page any more */
        assert_int_equal(guarded_write(bytes + LENGTH / 2, 1), SIGSEGV);
        assert_pattern(bytes, 0, LENGTH);
        ufo_free(region);
    }
    unsigned char *copy = aligned_alloc(page_size(), TRANSFER);
    assert_int_equal(pread(fd, copy, TRANSFER, 0), TRANSFER);
    assert_pattern(copy, FIRST, TRANSFER);
    free(copy);
    close(fd);
    ufo_core_free(core);
    if (refused == 0)
        SKIP_TEST("the kernel never held a page when its chunk was to leave");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_store_is_still_refused)};
    return RUN(tests);
}
