/* SPDX-License-Identifier: MIT */
#include "stress/disturbance.h"

#include <errno.h>
#include <sys/wait.h>

static ATOMIC(size_t) taken;

static void take_signal(int number)
{
    (void)number;
    atomic_fetch_add(&taken, 1);
}

static void *send_signals(void *argument)
{
    struct disturbance *disturbance = argument;
    for (; !atomic_load(&stop); sleep_ms(1))
        for (size_t i = 0; i < disturbance->actors->count; i++)
            if (pthread_kill(disturbance->actors->threads[i], SIGUSR1) == 0)
                disturbance->signals++;
    return NULL;
}

static void *fork_children(void *argument)
{
    struct disturbance *disturbance = argument;
    for (; !atomic_load(&stop); sleep_ms(20)) {
        pid_t child = fork();
        if (child == 0) {
            uint64_t room[512];
            _exit(ufo_read(disturbance->model->region, 0, 1, room) == UFO_ERR_FORKED ? 0 : 1);
        }
        int status = 0;
        while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        if (child < 0 || status != 0)
            complain("a child ends with status %x", (unsigned)status);
        disturbance->children++;
    }
    return NULL;
}

static void *make_regions(void *argument)
{
    struct disturbance *disturbance = argument;
    enum { COUNT = 50000 };
    struct source source = {0};
    for (size_t round = 0; !atomic_load(&stop); round++) {
        ufo *region = source_region(disturbance->core, &source, COUNT, 1, 4096);
        const volatile uint8_t *bytes = ufo_data(region);
        for (size_t at = round % 100; at < COUNT; at += 997) {
            uint8_t value = bytes[at];
            if (value != pattern(at))
                complain("byte %zu of a new region is %u, not %u", at, value, pattern(at));
        }
        ufo_free(region);
        disturbance->regions++;
    }
    return NULL;
}

void disturbance_start(struct disturbance *disturbance)
{
    struct sigaction action = {.sa_handler = take_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    void *(*const bodies[])(void *) = {send_signals, make_regions, fork_children};
    /* ThreadSanitizer allows no calls in a child of a process with threads. */
    for (size_t i = 0; i < (UNDER_TSAN ? 2U : 3U); i++)
        pthread_create(&disturbance->threads[i], NULL, bodies[i], disturbance);
}

void disturbance_join(struct disturbance *disturbance)
{
    for (size_t i = 0; i < (UNDER_TSAN ? 2U : 3U); i++)
        pthread_join(disturbance->threads[i], NULL);
    if (disturbance->signals != 0 && atomic_load(&taken) == 0)
        complain("no signal has arrived");
}
