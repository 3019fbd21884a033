/* SPDX-License-Identifier: MIT */
/* A store into a read-only region is an error, and changes nothing for anybody. */
#include "support/support.h"

#include <errno.h>

enum { LENGTH = 4 << 20, STORES = 8192 };
#define BUDGET (1 * MIB)

static struct source source;

static ufo *read_only_region(ufo_core *core)
{
    memset(&source, 0, sizeof source);
    source.count = LENGTH;
    source.element_size = 1;
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_populate(config, source_populate, &source, NULL));
    assert_ok(ufo_config_set_read_only(config, 1));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    ufo_config_free(config);
    return region;
}

static bool is_fault(int signal_number) { return signal_number == SIGSEGV || signal_number == SIGBUS; }

static void stores_end_in_a_signal(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = read_only_region(core);
    unsigned char *bytes = ufo_data(region);
    size_t lost = 0;
    for (size_t i = 0; i < STORES; i++) { /* resident, absent and evicted ones */
        size_t at = i * 7919 % LENGTH;
        if (!is_fault(guarded_write(bytes + at, (uint8_t)~pattern(at))))
            lost++;
    }
    assert_int_equal(lost, 0);
    assert_pattern(bytes, 0, LENGTH);
    ufo_core_free(core);
}

static void stores_into_one_resident_chunk(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = read_only_region(core);
    unsigned char *bytes = ufo_data(region);
    assert_ok(ufo_pin(region, 0, 1));
    for (size_t i = 0; i < 1000; i++) {
        uint8_t value;
        assert_true(is_fault(guarded_write(bytes + i, (uint8_t)~pattern(i))));
        assert_int_equal(guarded_read(bytes + i, &value), 0); /* a reader is served at once again */
        assert_int_equal(value, pattern(i));
    }
    assert_ok(ufo_unpin(region, 0, 1));
    assert_status(ufo_write(region, 0, 1, "x"), UFO_ERR_READ_ONLY);
    assert_pattern(bytes, 0, LENGTH);
    ufo_core_free(core);
}

struct readers {
    const unsigned char *bytes;
    ATOMIC(bool) over;
    ATOMIC(size_t) reads, wrong, signals;
};

static void *read_on(void *argument)
{
    struct readers *readers = argument;
    for (size_t at = 0; !atomic_load(&readers->over); at = (at + 64) % (64 * KIB)) {
        uint8_t value;
        if (guarded_read(readers->bytes + at, &value) != 0)
            atomic_fetch_add(&readers->signals, 1);
        else if (value != pattern(at))
            atomic_fetch_add(&readers->wrong, 1);
        atomic_fetch_add(&readers->reads, 1);
    }
    return NULL;
}

/* Innocent readers of the same chunk see the source's data, and no signal. */
static void beside_readers(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = read_only_region(core);
    struct readers readers = {.bytes = ufo_data(region)};
    struct team team;
    team_start(&team, 2, read_on, &readers);
    size_t lost = 0;
    for (size_t i = 0; i < STORES || atomic_load(&readers.reads) < 1000; i++)
        if (!is_fault(guarded_write((unsigned char *)ufo_data(region) + i % (64 * KIB), 0)))
            lost++;
    atomic_store(&readers.over, true);
    team_join(&team);
    assert_int_equal(lost, 0);
    assert_int_equal(atomic_load(&readers.wrong), 0);
    assert_int_equal(atomic_load(&readers.signals), 0);
    assert_pattern(ufo_data(region), 0, 64 * KIB);
    ufo_core_free(core);
}

static void system_calls_get_efault(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    ufo *region = read_only_region(core);
    unsigned char *bytes = ufo_data(region);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    for (int resident = 0; resident < 2; resident++) {
        if (resident)
            assert_ok(ufo_touch(region, 0, 4096));
        assert_int_equal(write(ends[1], "abcdefgh", 8), 8);
        errno = 0;
        assert_int_equal(read(ends[0], bytes + 10, 8), -1);
        assert_int_equal(errno, EFAULT);
        assert_pattern(bytes, 0, 4096);
    }
    close(ends[0]);
    close(ends[1]);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_end_in_a_signal),
        cmocka_unit_test(stores_into_one_resident_chunk),
        cmocka_unit_test(beside_readers),
        cmocka_unit_test(system_calls_get_efault),
    };
    return RUN(tests);
}
