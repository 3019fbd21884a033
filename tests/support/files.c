/* SPDX-License-Identifier: MIT */
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static char *made[64];
static size_t made_count;
static pid_t maker;

static void remove_all(void)
{
    if (getpid() != maker)
        return;
    for (size_t i = made_count; i-- > 0;) {
        if (unlink(made[i]) != 0 && errno == EISDIR)
            rmdir(made[i]);
        free(made[i]);
    }
}

static char *keep(char *path)
{
    if (maker != getpid()) {
        maker = getpid();
        made_count = 0;
        atexit(remove_all);
    }
    if (made_count == sizeof made / sizeof made[0])
        fail_msg("too many temporary files");
    made[made_count++] = path;
    return path;
}

static char *in_temp(const char *name)
{
    const char *dir = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/%s", dir && dir[0] ? dir : "/tmp", name) < 0)
        fail_msg("no memory");
    return path;
}

const char *temp_name(const char *suffix)
{
    char name[128];
    snprintf(name, sizeof name, "ufomem-test-%ld-%s", (long)getpid(), suffix);
    return keep(in_temp(name));
}

const char *temp_dir(void)
{
    char *path = in_temp("ufomem-test-XXXXXX");
    if (!mkdtemp(path))
        fail_msg("%s: %s", path, strerror(errno));
    return keep(path);
}

const char *temp_file(size_t size)
{
    char *path = in_temp("ufomem-test-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0)
        fail_msg("%s: %s", path, strerror(errno));
    keep(path);
    unsigned char block[64 * 1024];
    for (size_t at = 0; at < size; at += sizeof block) {
        size_t length = size - at < sizeof block ? size - at : sizeof block;
        pattern_fill(block, at, length);
        if (pwrite(fd, block, length, (off_t)at) != (ssize_t)length)
            fail_msg("%s: %s", path, strerror(errno));
    }
    close(fd);
    return path;
}

/* tmpfs takes the flag and copies all the same. */
static bool passes_the_cache(int fd)
{
    struct statfs system;
    const long tmpfs = 0x01021994;
    return fstatfs(fd, &system) == 0 && system.f_type != tmpfs;
}

int temp_direct_file(size_t size)
{
    const char *const dirs[] = {getenv("TMPDIR"), ".", "/var/tmp"};
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        char *path = NULL;
        if (!dirs[i] || asprintf(&path, "%s/ufomem-test-XXXXXX", dirs[i]) < 0)
            continue;
        int plain = mkstemp(path), direct = -1;
        if (plain >= 0) {
            if (passes_the_cache(plain))
                direct = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
            unlink(path);
        }
        free(path);
        unsigned char block[64 * 1024];
        for (size_t at = 0; direct >= 0 && at < size; at += sizeof block) {
            size_t length = size - at < sizeof block ? size - at : sizeof block;
            pattern_fill(block, at, length);
            if (pwrite(plain, block, length, (off_t)at) != (ssize_t)length)
                fail_msg("temporary file: %s", strerror(errno));
        }
        if (plain >= 0) {
            fsync(plain);
            close(plain);
        }
        if (direct >= 0)
            return direct;
    }
    return -1;
}

size_t file_size(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (size_t)status.st_size : (size_t)-1;
}

size_t file_pattern_mismatch(const char *path, size_t offset, size_t length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    unsigned char block[64 * 1024];
    size_t done = 0;
    while (fd >= 0 && done < length) {
        size_t step = length - done < sizeof block ? length - done : sizeof block;
        if (pread(fd, block, step, (off_t)(offset + done)) != (ssize_t)step)
            break;
        size_t same = pattern_mismatch(block, offset + done, step);
        done += same;
        if (same != step)
            break;
    }
    if (fd >= 0)
        close(fd);
    return done;
}
