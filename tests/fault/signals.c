/* SPDX-License-Identifier: MIT */
/* Signals that interrupt faults and system calls all the time: each chunk is still populated once, and every value is right. */
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>

enum { LENGTH = 2 << 20 };

static ATOMIC(size_t) ticks;

static void on_tick(int signal_number)
{
    (void)signal_number;
    atomic_fetch_add(&ticks, 1);
}

/* SIGUSR1 for this very thread, every millisecond. */
static timer_t start_ticking(void)
{
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    timer_t timer;
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    struct itimerspec every = {.it_interval = {0, 1000000}, .it_value = {0, 1000000}};
    assert_int_equal(timer_settime(timer, 0, &every, NULL), 0);
    atomic_store(&ticks, 0);
    return timer;
}

static ufo *slow_region(ufo_core *core, struct source *source)
{
    memset(source, 0, sizeof *source);
    source->delay_ms = 3; /* several signals during each fault */
    ufo *region = source_region(core, source, LENGTH, 1, 16 * KIB);
    assert_ok(ufo_advise(region, 0, LENGTH, UFO_ADVICE_RANDOM));
    return region;
}

static void during_loads(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source;
    ufo *region = slow_region(core, &source);
    timer_t timer = start_ticking();
    assert_pattern(ufo_data(region), 0, LENGTH);
    timer_delete(timer);
    if (!UNDER_TSAN) /* which puts handlers off until the next call of libc */
        assert_true(atomic_load(&ticks) > 50);
    assert_int_equal(atomic_load(&source.elements), LENGTH); /* everything fits: once */
    ufo_core_free(core);
}

static void during_calls(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source;
    ufo *region = slow_region(core, &source);
    timer_t timer = start_ticking();
    for (size_t at = 0; at < LENGTH; at += 16 * KIB)
        assert_ok(ufo_touch(region, at, 16 * KIB));
    timer_delete(timer);
    assert_pattern(ufo_data(region), 0, LENGTH);
    assert_int_equal(atomic_load(&source.elements), LENGTH);
    ufo_core_free(core);
}

static void during_stores_under_pressure(void **state)
{
    (void)state;
    ufo_core *core = begin_core(512 * KIB);
    struct source source;
    ufo *region = slow_region(core, &source);
    source.delay_ms = 0;
    unsigned char *bytes = ufo_data(region);
    timer_t timer = start_ticking();
    const int stores = (int)rounds_for(20, 6);
    for (int round = 1; round <= stores; round++)
        for (size_t at = 0; at < LENGTH; at += 1024)
            bytes[at] = (unsigned char)(bytes[at] + 1);
    timer_delete(timer);
    for (size_t at = 0; at < LENGTH; at++)
        if (bytes[at] != (at % 1024 ? pattern(at) : (unsigned char)(pattern(at) + stores)))
            fail_msg("byte %zu is %#x", at, bytes[at]);
    ufo_core_free(core);
}

/* The kernel reads the absent memory itself, and starts again after each signal. */
static void during_write(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    if (!serves_system_calls(core)) {
        ufo_core_free(core);
        return; /* EFAULT there, whatever the signals: capi/system_calls.c */
    }
    struct source source;
    ufo *region = slow_region(core, &source);
    int fd = open(temp_file(0), O_RDWR | O_CLOEXEC);
    timer_t timer = start_ticking();
    size_t done = 0;
    while (done < LENGTH) {
        ssize_t step = write(fd, (char *)ufo_data(region) + done, LENGTH - done);
        if (step < 0 && errno != EINTR)
            fail_msg("write: %s", strerror(errno));
        done += step > 0 ? (size_t)step : 0;
    }
    timer_delete(timer);
    unsigned char *copy = malloc(LENGTH);
    assert_int_equal(pread(fd, copy, LENGTH, 0), LENGTH);
    assert_pattern(copy, 0, LENGTH);
    assert_int_equal(atomic_load(&source.elements), LENGTH);
    free(copy);
    close(fd);
    ufo_core_free(core);
}

/* ---- A handler that uses lazy memory itself ---- */

static const volatile unsigned char *in_handler;
static ATOMIC(size_t) handled, wrong;
static timer_t once; /* the next signal comes a millisecond after the handler: where a fault takes longer, what it interrupts gets on, too */

static void start_once(void)
{
    const struct itimerspec soon = {.it_value = {0, 1000000}};
    timer_settime(once, 0, &soon, NULL);
}

static void on_tick_load(int signal_number)
{
    (void)signal_number;
    size_t at = atomic_fetch_add(&handled, 1) * 4096 * 17 % LENGTH;
    if (in_handler[at] != pattern(at))
        atomic_fetch_add(&wrong, 1);
    start_once();
}

static void a_handler_that_faults(void **state)
{
    (void)state;
    ufo_core *core = begin_core(1 * MIB);
    struct source source = {0}, other = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 1);
    in_handler = ufo_data(source_region(core, &other, LENGTH, 1, 1));
    once = start_ticking();
    struct sigaction action = {.sa_handler = on_tick_load, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    start_once();
    unsigned char block[4096];
    for (size_t round = 0, rounds = rounds_for(5, 2); round < rounds; round++)
        for (size_t at = 0; at < LENGTH; at += sizeof block) {
            if (at / sizeof block % 2)
                assert_ok(ufo_read(region, at, sizeof block, block));
            else
                memcpy(block, (unsigned char *)ufo_data(region) + at, sizeof block);
            assert_pattern(block, at, sizeof block);
            for (size_t i = 0; i < 100; i++) /* what the signal interrupts may hold the lock of malloc */
                free(malloc(2000 + i * 100));
        }
    timer_delete(once);
    assert_int_equal(atomic_load(&wrong), 0);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(during_loads),
        cmocka_unit_test(during_calls),
        cmocka_unit_test(during_stores_under_pressure),
        cmocka_unit_test(during_write),
        cmocka_unit_test(a_handler_that_faults),
    };
    return RUN(tests);
}
