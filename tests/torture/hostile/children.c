/* SPDX-License-Identifier: MIT */
/* A process with lazy memory that starts others, in all the ways there are; and one that goes on as its own child. */
#include "hostile/use.h"

#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

enum { LENGTH = 4 << 20 };
#define BUDGET MIB

static bool ended_well(pid_t child)
{
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool by_vfork(void)
{
    const pid_t child = vfork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    return ended_well(child);
}

static bool by_posix_spawn(void)
{
    char *const arguments[] = {"true", NULL};
    pid_t child = -1;
    return posix_spawn(&child, "/bin/true", NULL, NULL, arguments, environ) == 0 && ended_well(child);
}

static bool by_system(void) { return system("exit 0") == 0; }

static bool by_popen(void)
{
    char word[16] = "";
    FILE *output = popen("echo yes", "r");
    return output && fscanf(output, "%15s", word) == 1 && pclose(output) == 0 && strcmp(word, "yes") == 0;
}

static void starting_others(void **state)
{
    (void)state;
    bool (*const ways[])(void) = {by_vfork, by_posix_spawn, by_system, by_popen};
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 16 * KIB);
    unsigned char *bytes = ufo_data(region);
    for (size_t round = 0, rounds = 4 * rounds_for(6, 2); round < rounds; round++) {
        for (size_t at = round * 100; at < LENGTH; at += 4096)
            bytes[at] = (unsigned char)(at / 4096 + round);
        assert_true(ways[round % 4]());
        for (size_t at = round * 100; at < LENGTH; at += 4096)
            assert_int_equal(bytes[at], (unsigned char)(at / 4096 + round));
    }
    ufo_core_free(core);
}

/* While another thread changes the memory, which children must never see, or disturb. */
static ATOMIC(bool) stop;

static void *change(void *argument)
{
    unsigned char *bytes = argument;
    size_t errors = 0;
    for (unsigned round = 1; !atomic_load(&stop); round++)
        for (size_t at = 7; at < LENGTH; at += 4096) {
            bytes[at] = (unsigned char)round;
            errors += bytes[at] != (unsigned char)round;
        }
    return (void *)errors;
}

static void starting_others_meanwhile(void **state)
{
    (void)state;
    bool (*const ways[])(void) = {by_vfork, by_posix_spawn, by_system, by_popen};
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 16 * KIB);
    pthread_t thread;
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&thread, NULL, change, ufo_data(region)), 0);
    for (size_t round = 0, rounds = 4 * rounds_for(10, 4); round < rounds; round++)
        assert_true(ways[round % 4]());
    atomic_store(&stop, true);
    void *errors = NULL;
    pthread_join(thread, &errors);
    assert_null(errors);
    ufo_core_free(core);
}

/* daemon(): the parent is gone, and what was made before belongs to it. */
static int becomes_daemon(void *argument)
{
    const int *const channel = argument;
    ufo_core *core = new_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 16 * KIB);
    CHILD_CHECK(ufo_touch(region, 0, LENGTH / 8) == UFO_OK);
    if (daemon(1, 1) != 0)
        return 1;
    alarm(60); /* not inherited */
    uint8_t byte;
    char result = 0;
    if (ufo_read(region, 0, 1, &byte) != UFO_ERR_FORKED || ufo_touch(region, 0, 1) != UFO_ERR_FORKED)
        result = 1;
    ufo_core_free(core);
    if (result == 0 && use_library() != USE_WORKED)
        result = 2;
    if (write(channel[1], &result, 1) != 1)
        return 1;
    return 0;
}

static void going_on_as_a_daemon(void **state)
{
    (void)state;
    begin_watched(60);
    int channel[2];
    assert_int_equal(pipe(channel), 0);
    assert_int_equal(in_child(becomes_daemon, channel), 0);
    close(channel[1]);
    char result = 9;
    assert_int_equal(read(channel[0], &result, 1), 1);
    assert_int_equal(result, 0);
    close(channel[0]);
}

/* ---- All signals blocked ---- */

static void *use_with_signals_blocked(void *argument)
{
    ufo *region = argument;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    size_t errors = 0;
    unsigned char block[4096];
    for (size_t at = 0; at < LENGTH; at += sizeof block) {
        /* Deliveries by signal need theirs, and say so; calls never do. */
        if (ufo_read(region, at, sizeof block, block) != UFO_OK
            || pattern_mismatch(block, at, sizeof block) != sizeof block)
            errors++;
        if (ufo_get_delivery(region) == UFO_DELIVERY_THREAD) {
            unsigned char *bytes = ufo_data(region);
            errors += bytes[LENGTH - 1 - at] != pattern(LENGTH - 1 - at);
        }
    }
    return (void *)errors;
}

static void signals_blocked(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 16 * KIB);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, use_with_signals_blocked, region), 0);
    void *errors = NULL;
    pthread_join(thread, &errors);
    assert_null(errors);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(going_on_as_a_daemon), /* first: no core here yet */
        cmocka_unit_test(starting_others),
        cmocka_unit_test(starting_others_meanwhile),
        cmocka_unit_test(signals_blocked),
    };
    return RUN(tests);
}
