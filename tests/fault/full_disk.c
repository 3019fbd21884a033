/* SPDX-License-Identifier: MIT */
/* The spill file's directory, or the file of a region, runs full: nothing is lost, and with room it goes on. */
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

enum { LENGTH = 8 << 20 };
#define BUDGET (1 * MIB)

static const char *disk; /* a file system of 2 MiB, each test its own */
static const char *mounted[2];

static void unmount_all(void)
{
    for (size_t i = 0; i < 2; i++)
        if (mounted[i])
            umount2(mounted[i], MNT_DETACH);
}

/* In a private mount namespace, so that nothing is left behind; false if this user may not. */
static bool mount_disk(void)
{
    if (!disk && (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0))
        return false;
    const char *dir = temp_dir();
    if (mount("ufomem-test", dir, "tmpfs", 0, "size=2m") != 0)
        return false;
    mounted[disk != NULL] = dir;
    disk = dir;
    atexit(unmount_all);
    return true;
}

static void resize(const char *options)
{
    if (mount("ufomem-test", disk, "tmpfs", MS_REMOUNT, options) != 0)
        fail_msg("remount: %s", strerror(errno));
}

static ufo_core *core_spilling_to_disk(void)
{
    ufo_core_config *config = ufo_core_config_new();
    assert_ok(ufo_core_config_set_budget(config, BUDGET));
    assert_ok(ufo_core_config_set_spill_dir(config, disk));
    ufo_core *core = ufo_core_new(config);
    assert_non_null(core);
    ufo_core_config_free(config);
    return core;
}

/* Values that were accepted, page by page; 0 for those that were refused. */
static unsigned char accepted[LENGTH / 4096];

/* Stores page after page, until five were refused: a refusal takes a moment, as others might make room meanwhile. */
static size_t fill_by_calls(ufo *region)
{
    size_t count = 0, refused = 0;
    unsigned char page[4096];
    memset(accepted, 0, sizeof accepted);
    for (size_t i = 0; i < LENGTH / sizeof page && refused < 5; i++) {
        memset(page, (int)(i % 255) + 1, sizeof page);
        uint64_t begin = now_ms();
        ufo_status status = ufo_write(region, i * sizeof page, sizeof page, page);
        if (status == UFO_OK) {
            accepted[i] = page[0];
            count++;
            continue;
        }
        refused++;
        assert_true(now_ms() - begin < 5000);
        if (status != UFO_ERR_SPILL && status != UFO_ERR_BUDGET && status != UFO_ERR_FILE)
            fail_msg("page %zu: %s: %s", i, ufo_status_string(status), ufo_last_error());
    }
    return count;
}

static void assert_nothing_lost(const unsigned char *bytes)
{
    for (size_t i = 0; i < LENGTH / 4096; i++)
        for (size_t at = i * 4096; accepted[i] && at < (i + 1) * 4096; at += 511)
            if (bytes[at] != accepted[i])
                fail_msg("byte %zu is %#x, stored was %#x", at, bytes[at], accepted[i]);
}

static void spill(void **state)
{
    (void)state;
    begin_test(60);
    if (!mount_disk())
        SKIP_TEST("may not mount a small file system");
    ufo_core *core = core_spilling_to_disk();
    ufo *region = zero_region(core, LENGTH, 0);
    size_t stored = fill_by_calls(region);
    assert_in_range(stored * 4096, MIB, 4 * MIB); /* what fits memory and disk, not all of it */
    assert_in_range(core_stats(core).used_bytes, 1, BUDGET);
    assert_status(ufo_evict(region, 0, LENGTH), UFO_ERR_SPILL);
    assert_error_names(strerror(ENOSPC));
    assert_int_equal(guarded_write((unsigned char *)ufo_data(region) + LENGTH - 1, 1), SIGBUS);

    resize("size=64m");
    assert_ok(ufo_reset(region, LENGTH - 1, 1));
    accepted[LENGTH / 4096 - 1] = 0;
    assert_ok(ufo_flush(region, 0, LENGTH));
    assert_nothing_lost(ufo_data(region));
    assert_int_equal(fill_by_calls(region), LENGTH / 4096); /* everything fits now */
    assert_nothing_lost(ufo_data(region));
    ufo_core_free(core);
}

/* A sparse file is longer than its disk: there is room for its changes only while there is. */
static void file(void **state)
{
    (void)state;
    begin_test(60);
    if (!mount_disk())
        SKIP_TEST("may not mount a small file system");
    char path[4096];
    snprintf(path, sizeof path, "%s/sparse", disk);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, LENGTH), 0);

    ufo_core *core = new_core(BUDGET); /* spills elsewhere, if at all */
    ufo *region = file_region(core, path, 0, LENGTH, 0, UFO_FILE_WRITEBACK);
    size_t stored = fill_by_calls(region);
    assert_in_range(stored * 4096, MIB, LENGTH);
    ufo_status status = ufo_flush(region, 0, LENGTH);
    if (status != UFO_ERR_FILE && status != UFO_ERR_WRITEBACK)
        fail_msg("ufo_flush: %s: %s", ufo_status_string(status), ufo_last_error());
    assert_error_names(strerror(ENOSPC));
    assert_int_equal(file_size(path), LENGTH);

    resize("size=64m");
    assert_ok(ufo_flush(region, 0, LENGTH));
    assert_nothing_lost(ufo_data(region));
    unsigned char *copy = malloc(LENGTH);
    assert_int_equal(pread(fd, copy, LENGTH, 0), LENGTH);
    assert_nothing_lost(copy);
    free(copy);
    ufo_core_free(core);
    assert_int_equal(file_size(path), LENGTH);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(spill), cmocka_unit_test(file)};
    return RUN(tests);
}
