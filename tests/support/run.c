/* SPDX-License-Identifier: MIT */
#include "support/support.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

static size_t skips;

enum { UNAVAILABLE = 77 };

/* A variant that the kernel cannot give would silently test something else. */
static int check_variant(void *unused)
{
    (void)unused;
    ufo_core *core = ufo_core_new(NULL);
    if (!core) {
        fprintf(stderr, "no core: %s\n", ufo_last_error());
        return 1;
    }
    const char *variant = getenv("UFOMEM_TEST_VARIANT");
    ufo_delivery delivery = ufo_core_delivery(core);
    uint32_t features = ufo_core_features(core);
    int result = 0;
    if (!variant || strcmp(variant, "protect") == 0 || strcmp(variant, "memcheck") == 0)
        result = 0;
    else if (delivery != (strcmp(variant, "inline") == 0 ? UFO_DELIVERY_INLINE : UFO_DELIVERY_THREAD))
        result = UNAVAILABLE;
    else if (strcmp(variant, "user-mode") == 0 && !(features & UFO_FEATURE_USERFAULTFD_USER))
        result = UNAVAILABLE;
    else if (strcmp(variant, "move-off") == 0 && (features & UFO_FEATURE_MOVE))
        result = 1; /* the switch does nothing */
    ufo_core_free(core);
    return result;
}

int support_check(void)
{
    int available = in_child(check_variant, NULL);
    if (available == UNAVAILABLE)
        fprintf(stderr, "skipped: this kernel cannot run the variant %s\n", getenv("UFOMEM_TEST_VARIANT"));
    else if (available != 0)
        fprintf(stderr, "the library does not start in this variant (%d)\n", available);
    return available;
}

int support_run(const struct CMUnitTest *tests, size_t count)
{
    int available = support_check();
    if (available != 0)
        return available == UNAVAILABLE ? UNAVAILABLE : 1;
    const char *filter = getenv("UFOMEM_TEST_FILTER"); /* a name with * and ?: these tests only */
    if (filter)
        cmocka_set_test_filter(filter);
    int failed = _cmocka_run_group_tests("tests", tests, count, NULL, NULL);
    if (failed != 0)
        return 1;
    return skips == count ? UNAVAILABLE : 0;
}

void note_skip(const char *reason)
{
    skips++;
    fprintf(stderr, "skipped: %s\n", reason);
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
    static const char text[] = "the time limit of the test is over: something hangs\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    _exit(1);
}

/* There are machines on which a page takes a hundred times what it takes on others. */
static unsigned patient(unsigned seconds)
{
    const char *variant = getenv("UFOMEM_TEST_VARIANT");
    const bool slow = UNDER_SANITIZER || (variant && strcmp(variant, "memcheck") == 0);
    return seconds * (slow ? 4 : 3);
}

void begin_test(unsigned seconds)
{
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    alarm(patient(seconds));
    guard_install();
}

static void *take_signals(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static void hold_alarm(int how)
{
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(how, &alarms, NULL);
}

void begin_watched(unsigned seconds)
{
    static pid_t watched;
    pthread_t thread;
    if (watched != getpid()) {
        hold_alarm(SIG_UNBLOCK); /* for the new thread; this one would be asked first, wherever it hangs */
        if (pthread_create(&thread, NULL, take_signals, NULL) == 0 && pthread_detach(thread) == 0)
            hold_alarm(SIG_BLOCK);
        watched = getpid();
    }
    begin_test(seconds);
}

ufo_core *new_core(size_t budget)
{
    ufo_core_config *config = ufo_core_config_new();
    assert_non_null(config);
    assert_ok(ufo_core_config_set_budget(config, budget));
    ufo_core *core = ufo_core_new(config);
    ufo_core_config_free(config);
    if (!core)
        fail_msg("ufo_core_new: %s", ufo_last_error());
    return core;
}

ufo_core *begin_core(size_t budget)
{
    begin_test(60);
    return new_core(budget);
}

bool serves_system_calls(const ufo_core *core)
{
    return ufo_core_delivery(core) == UFO_DELIVERY_THREAD
           && (ufo_core_features(core) & (UFO_FEATURE_USERFAULTFD_DEVICE | UFO_FEATURE_USERFAULTFD_SYSCALL)) != 0;
}

bool uses_protect(const ufo_core *core) { return ufo_core_delivery(core) == UFO_DELIVERY_PROTECT; }

bool knows_changes(const ufo_core *core)
{
    return uses_protect(core) || (ufo_core_features(core) & UFO_FEATURE_WRITE_PROTECT) != 0;
}

bool has_moving_extents(const ufo_core *core)
{
    const uint32_t needed = UFO_FEATURE_MOVE | UFO_FEATURE_WRITE_PROTECT | UFO_FEATURE_POISON;
    return !uses_protect(core) && (ufo_core_features(core) & needed) == needed;
}

uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t now_ms(void) { return now_ns() / 1000000; }

void sleep_ms(unsigned milliseconds)
{
    struct timespec left = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

int in_child(int (*body)(void *), void *argument)
{
    fflush(NULL);
    /* A sanitizer's malloc has locks of its own, which a child inherits as they are: threads that have just been started take them. */
    if (UNDER_SANITIZER && process_threads() > 1)
        sleep_ms(50);
    const unsigned left = alarm(0); /* the child's limit is a little shorter, so that it is the child that is said to hang */
    alarm(left);
    pid_t child = fork();
    if (child == 0) {
        /* CMocka's handlers would longjmp into the parent's tests. */
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        signal(SIGALRM, SIG_DFL);
        hold_alarm(SIG_UNBLOCK);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(left > 20 ? left - 10 : patient(60));
        _exit(body(argument));
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void team_start(struct team *team, size_t count, void *(*body)(void *), void *argument)
{
    /* Before Linux 6.7 a stack of 2 MiB and more may be on a huge page, which those who measure memory would take for the library's. */
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 1 << 20);
    team->count = 0;
    for (size_t i = 0; i < count && i < sizeof team->threads / sizeof team->threads[0]; i++) {
        if (pthread_create(&team->threads[i], &small, body, argument) != 0)
            fail_msg("pthread_create failed");
        team->count++;
    }
    pthread_attr_destroy(&small);
}

void team_join(struct team *team)
{
    for (size_t i = 0; i < team->count; i++)
        pthread_join(team->threads[i], NULL);
    team->count = 0;
}

void support_assert_status(ufo_status got, ufo_status expected, const char *call, const char *file, int line)
{
    if (got != expected) {
        print_error("%s\n  gives %d (%s), expected %d (%s)\n  last error: %s\n", call, got, ufo_status_string(got),
                    expected, ufo_status_string(expected), ufo_last_error());
        _fail(file, line);
    }
    if (expected != UFO_OK && ufo_last_error()[0] == '\0') {
        print_error("%s\n  gives %s without a sentence\n", call, ufo_status_string(got));
        _fail(file, line);
    }
}

void support_assert_error_names(const char *word, const char *file, int line)
{
    if (!strstr(ufo_last_error(), word)) {
        print_error("the last error does not contain \"%s\": \"%s\"\n", word, ufo_last_error());
        _fail(file, line);
    }
}
