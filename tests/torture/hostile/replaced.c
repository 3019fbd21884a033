/* SPDX-License-Identifier: MIT */
/* What others do to a file that is an array and takes its changes: cut it off, put another one in its place, remove it. */
#include "support/support.h"

#include <fcntl.h>

enum { LENGTH = 1 << 20, CHUNK = 16 << 10 };

static unsigned char changed(size_t at) { return (unsigned char)~pattern(at); }

static void change(ufo *region, size_t first, size_t count)
{
    for (size_t at = first; at < first + count; at += 100) {
        const unsigned char value = changed(at);
        assert_ok(ufo_write(region, at, 1, &value));
    }
}

static void assert_file(int fd, size_t first, size_t count)
{
    unsigned char *content = malloc(count);
    assert_int_equal(pread(fd, content, count, (off_t)first), count);
    for (size_t i = 0; i < count; i++) {
        const size_t at = first + i;
        assert_int_equal(content[i], at % 100 == first % 100 ? changed(at) : pattern(at));
    }
    free(content);
}

/* Changes that are in memory go where they belong: the file grows again. */
static void cut_off(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    const char *path = temp_file(LENGTH);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    ufo *region = file_region(core, path, 0, LENGTH, CHUNK, UFO_FILE_WRITEBACK);
    change(region, 0, LENGTH);
    assert_int_equal(ftruncate(fd, LENGTH / 4), 0);
    assert_ok(ufo_flush(region, 0, LENGTH));
    assert_int_equal(file_size(path), LENGTH);
    assert_file(fd, 0, LENGTH);

    /* What was not in memory is gone with the file's end: an error as long as the file is short. */
    assert_ok(ufo_evict(region, 0, LENGTH));
    change(region, 0, CHUNK);
    assert_int_equal(ftruncate(fd, LENGTH / 4), 0);
    uint8_t byte;
    assert_status(ufo_read(region, LENGTH / 2, 1, &byte), UFO_ERR_TRUNCATED);
    assert_int_equal(guarded_read((unsigned char *)ufo_data(region) + LENGTH - 1, &byte), SIGBUS);
    assert_ok(ufo_flush(region, 0, LENGTH));
    assert_file(fd, 0, CHUNK);
    close(fd);
    ufo_core_free(core);
}

/* The array is the file that was opened, whatever its name means now. */
static void replaced_and_removed(void **state)
{
    (void)state;
    ufo_core *core = begin_core(256 * KIB);
    const char *path = temp_file(LENGTH), *other = temp_name("other");
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    ufo *region = file_region(core, path, 0, LENGTH, CHUNK, UFO_FILE_WRITEBACK);
    change(region, 0, LENGTH / 2);
    const int new_file = open(other, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(new_file, "new", 3), 3);
    assert_int_equal(rename(other, path), 0);
    change(region, LENGTH / 2 / 100 * 100 + 100, LENGTH / 4);
    assert_int_equal(unlink(path), 0);
    assert_ok(ufo_flush(region, 0, LENGTH));
    assert_file(fd, 0, LENGTH / 2);
    assert_int_equal(lseek(new_file, 0, SEEK_END), 3);
    ufo_core_free(core);
    assert_file(fd, 0, LENGTH / 2);
    close(new_file);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cut_off), cmocka_unit_test(replaced_and_removed)};
    return RUN(tests);
}
