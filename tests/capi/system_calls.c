/* SPDX-License-Identifier: MIT */
/* Lazy memory as the buffer of a system call. */
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>

enum { LENGTH = 8 << 20 };
#define BUDGET (2 * MIB)

static int open_temp(size_t size)
{
    int fd = open(temp_file(size), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* Absent memory: served where the kernel lets the library serve it, an error elsewhere; never wrong bytes. */
static void write_from_absent_memory(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    int fd = open_temp(0);
    ssize_t written = write(fd, ufo_data(region), LENGTH);
    if (serves_system_calls(core)) {
        assert_int_equal(written, LENGTH);
        unsigned char *copy = malloc(LENGTH);
        assert_int_equal(pread(fd, copy, LENGTH, 0), LENGTH);
        assert_pattern(copy, 0, LENGTH);
        free(copy);
    } else {
        assert_int_equal(written, -1);
        assert_int_equal(errno, EFAULT);
        assert_pattern(ufo_data(region), 0, LENGTH); /* and nothing is broken by it */
    }
    close(fd);
    ufo_core_free(core);
}

static void read_into_absent_memory(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = zero_region(core, LENGTH, 0);
    int fd = open_temp(LENGTH);
    ssize_t got = read(fd, ufo_data(region), LENGTH);
    if (serves_system_calls(core)) {
        assert_int_equal(got, LENGTH);
        assert_pattern(ufo_data(region), 0, LENGTH); /* four times the budget: it went through the spill */
    } else {
        assert_int_equal(got, -1);
        assert_int_equal(errno, EFAULT);
        assert_true(all_zero(ufo_data(region), LENGTH));
    }
    close(fd);
    ufo_core_free(core);
}

/* Resident memory works everywhere, in both directions. */
static void pinned_memory(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    unsigned char *bytes = ufo_data(region);
    int fd = open_temp(MIB);
    assert_ok(ufo_pin(region, 0, MIB));
    assert_ok(ufo_pin_write(region, 50000, 500000)); /* where the kernel is going to store */
    assert_int_equal(pwrite(fd, bytes, MIB, 100), MIB);
    assert_int_equal(pread(fd, bytes + 50000, 500000, 100 + 7), 500000);
    assert_ok(ufo_unpin(region, 50000, 500000));
    assert_ok(ufo_unpin(region, 0, MIB));
    assert_pattern(bytes, 0, 50000);
    assert_pattern(bytes + 550000, 550000, MIB - 550000);
    unsigned char *copy = malloc(500000);
    assert_ok(ufo_evict(region, 0, LENGTH)); /* the kernel's stores are changes like any other */
    assert_ok(ufo_read(region, 50000, 500000, copy));
    assert_pattern(copy, 7, 500000);
    free(copy);
    close(fd);
    ufo_core_free(core);
}

static void touched_memory_can_be_written_from(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    int fd = open_temp(0);
    assert_ok(ufo_touch(region, 0, 500000));
    assert_int_equal(write(fd, ufo_data(region), 500000), 500000);
    close(fd);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_from_absent_memory),
        cmocka_unit_test(read_into_absent_memory),
        cmocka_unit_test(pinned_memory),
        cmocka_unit_test(touched_memory_can_be_written_from),
    };
    return RUN(tests);
}
