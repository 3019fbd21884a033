/* SPDX-License-Identifier: MIT */
/* Handlers for SIGSEGV and SIGBUS that the program has installed before the library and after it, and faults that are not the library's. */
#include "support/support.h"

#include <fcntl.h>
#include <sys/mman.h>

enum { COUNT = 1 << 16, REPLACEMENTS = 9, MOST_SIGNAL_CORES = 256, FAILS = 5 };
#define BUDGET (64 * KIB)

/* ---- memory that is not the library's: a page that is forbidden, and one that lies behind the end of its file ---- */

static struct stray {
    unsigned char *forbidden, *beyond;
    int file;
} stray;

static bool make_stray(void)
{
    stray.file = (int)memfd_create("stray", MFD_CLOEXEC);
    stray.forbidden = mmap(NULL, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stray.beyond = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, stray.file, 0);
    return stray.file >= 0 && stray.forbidden != MAP_FAILED && stray.beyond != MAP_FAILED;
}

/* What the program does about it; allowed in handlers. */
static bool repair(int signal_number)
{
    return signal_number == SIGSEGV ? mprotect(stray.forbidden, page_size(), PROT_READ) == 0
                                    : ftruncate(stray.file, (off_t)page_size()) == 0;
}

static struct seen {
    volatile sig_atomic_t signals, right;
} seen;

static void informed(int signal_number, siginfo_t *info, void *context)
{
    void *address = signal_number == SIGSEGV ? stray.forbidden : stray.beyond;
    seen.signals++;
    seen.right += info->si_signo == signal_number && info->si_addr == address && context != NULL && repair(signal_number);
    if (seen.signals > 10)
        _exit(3); /* not repaired: it would go on for ever */
}

static void plain(int signal_number)
{
    seen.signals++;
    seen.right += repair(signal_number);
    if (seen.signals > 10)
        _exit(3);
}

static void install(struct sigaction action)
{
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

/* ---- lazy memory ---- */

static int32_t counted(void *unused, size_t first, size_t count, void *out)
{
    (void)unused;
    for (size_t i = 0; i < count; i++)
        ((uint64_t *)out)[i] = 3 * (first + i) + 7;
    return 0;
}

static int32_t fails(void *unused, size_t first, size_t count, void *out)
{
    (void)unused, (void)first, (void)count, (void)out;
    return FAILS;
}

static ufo *array_of(ufo_core *core, ufo_populate_fn populate)
{
    ufo_config *config = ufo_config_new();
    ufo *region = NULL;
    if (core && ufo_config_set_elements(config, COUNT, 8) == UFO_OK && ufo_config_set_chunk(config, 512) == UFO_OK
        && ufo_config_set_populate(config, populate, NULL, NULL) == UFO_OK)
        region = ufo_new(core, config);
    ufo_config_free(config);
    return region;
}

static bool reads_right(ufo *region, size_t step)
{
    const volatile uint64_t *words = region ? ufo_data(region) : NULL;
    for (size_t i = 0; i < COUNT; i += step)
        if (!words || words[i] != 3 * i + 7)
            return false;
    return true;
}

static ufo_core *small_core(ufo_log_fn log, void *user_data)
{
    ufo_core_config *config = ufo_core_config_new();
    ufo_core *core = NULL;
    if (ufo_core_config_set_budget(config, BUDGET) == UFO_OK
        && (!log || ufo_core_config_set_log(config, log, user_data, NULL) == UFO_OK))
        core = ufo_core_new(config);
    ufo_core_config_free(config);
    return core;
}

/* ---- before ---- */

static int stray_faults_reach_it(void *argument)
{
    install(*(const struct sigaction *)argument);
    CHILD_CHECK(make_stray());
    ufo_core *core = small_core(NULL, NULL);
    ufo *region = array_of(core, counted);
    CHILD_CHECK(reads_right(region, 100));
    CHILD_CHECK(*(volatile unsigned char *)stray.forbidden == 0);
    CHILD_CHECK(seen.signals == 1 && seen.right == 1);
    CHILD_CHECK(*(volatile unsigned char *)stray.beyond == 0);
    CHILD_CHECK(seen.signals == 2 && seen.right == 2);
    CHILD_CHECK(reads_right(region, 77));
    ufo_core_free(core);
    return seen.signals == 2 ? 0 : 2;
}

static void one_from_before_hears_of_what_is_not_ours(void **state)
{
    (void)state;
    begin_test(60);
    struct sigaction action = {.sa_sigaction = informed, .sa_flags = SA_SIGINFO};
    assert_int_equal(in_child(stray_faults_reach_it, &action), 0);
    action = (struct sigaction){.sa_handler = plain};
    assert_int_equal(in_child(stray_faults_reach_it, &action), 0);
}

struct end {
    void (*disposition)(int);
    int signal_number;
};

static int ends_by_a_stray_fault(void *argument)
{
    const struct end *end = argument;
    install((struct sigaction){.sa_handler = end->disposition});
    CHILD_CHECK(make_stray());
    ufo_core *core = small_core(NULL, NULL);
    CHILD_CHECK(reads_right(array_of(core, counted), 100));
    return *(volatile unsigned char *)(end->signal_number == SIGSEGV ? stray.forbidden : stray.beyond);
}

static void without_one_the_program_ends(void **state)
{
    (void)state;
    begin_test(60);
    void (*const dispositions[])(int) = {SIG_DFL, SIG_IGN};
    for (size_t i = 0; i < 2; i++) {
        struct end end = {dispositions[i], SIGSEGV};
        assert_int_equal(in_child(ends_by_a_stray_fault, &end), 128 + SIGSEGV);
        end.signal_number = SIGBUS;
        assert_int_equal(in_child(ends_by_a_stray_fault, &end), 128 + SIGBUS);
    }
}

/* ---- after ---- */

/* Each has whoever came before it, and passes on what it does not know: everything. */
static struct sigaction next[REPLACEMENTS][2];

static void pass_on(size_t number, int signal_number, siginfo_t *info, void *context)
{
    const struct sigaction *action = &next[number][signal_number == SIGBUS];
    seen.signals++;
    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(signal_number, info, context);
    else
        signal(signal_number, SIG_DFL);
}

#define PASSING(number)                                                                                                \
    static void passing_##number(int signal_number, siginfo_t *info, void *context)                                    \
    {                                                                                                                  \
        pass_on(number, signal_number, info, context);                                                                 \
    }
PASSING(0) PASSING(1) PASSING(2) PASSING(3) PASSING(4) PASSING(5) PASSING(6) PASSING(7) PASSING(8)
static void (*const passing[REPLACEMENTS])(int, siginfo_t *, void *) = {
    passing_0, passing_1, passing_2, passing_3, passing_4, passing_5, passing_6, passing_7, passing_8,
};

/* Now ours are behind one of the program's, and the next core puts its own in front of that; until that has gone on for too long. */
static int replaced_again_and_again(void *unused)
{
    (void)unused;
    ufo_core *cores[REPLACEMENTS + 1] = {small_core(NULL, NULL)};
    ufo *regions[REPLACEMENTS + 1] = {array_of(cores[0], counted)};
    CHILD_CHECK(reads_right(regions[0], 1000));
    const bool by_signals = ufo_core_delivery(cores[0]) != UFO_DELIVERY_THREAD;
    size_t count = 1;
    for (size_t i = 0; i < REPLACEMENTS; i++) {
        struct sigaction action = {.sa_sigaction = passing[i], .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
        sigaction(SIGSEGV, &action, &next[i][0]);
        sigaction(SIGBUS, &action, &next[i][1]);
        seen.signals = 0;
        CHILD_CHECK(reads_right(regions[0], 100 + i)); /* by way of all of them */
        CHILD_CHECK(!by_signals || seen.signals > 0);
        cores[count] = small_core(NULL, NULL);
        if (!cores[count])
            break;
        regions[count] = array_of(cores[count], counted);
        CHILD_CHECK(reads_right(regions[count], 1000));
        count++;
    }
    if (by_signals) {
        CHILD_CHECK(count > 4 && count <= REPLACEMENTS);
        CHILD_CHECK(ufo_last_status() == UFO_ERR_LIMIT);
        CHILD_CHECK(strstr(ufo_last_error(), "handler") != NULL);
    }
    for (size_t i = 0; i < count; i++)
        CHILD_CHECK(reads_right(regions[i], 500));
    for (size_t i = 0; i < count; i++)
        ufo_core_free(cores[i]);
    return 0;
}

static void one_from_later_passes_on(void **state)
{
    (void)state;
    begin_test(60);
    assert_int_equal(in_child(replaced_again_and_again, NULL), 0);
}

/* ---- what cannot be delivered ---- */

static int reads_what_fails_with_the_signal_blocked(void *unused)
{
    (void)unused;
    install((struct sigaction){.sa_handler = plain});
    sigset_t bus;
    sigemptyset(&bus);
    sigaddset(&bus, SIGBUS);
    pthread_sigmask(SIG_BLOCK, &bus, NULL);
    ufo *region = array_of(small_core(NULL, NULL), fails);
    CHILD_CHECK(region != NULL);
    return *(volatile unsigned char *)ufo_data(region);
}

static void a_blocked_signal_ends_the_program(void **state)
{
    (void)state;
    begin_test(60);
    assert_int_equal(in_child(reads_what_fails_with_the_signal_blocked, NULL), 128 + SIGBUS);
}

static void keep(void *kept, ufo_log_level level, const char *message)
{
    if (level == UFO_LOG_ERROR)
        snprintf(kept, 256, "%s", message);
}

static volatile uintptr_t deepest;
static void note_depth(int signal_number) { deepest = (uintptr_t)&signal_number; }

/* What the kernel puts on a signal's stack, which depends on the processor's registers. */
static size_t frame_size(unsigned char *stack, size_t size)
{
    const stack_t all = {.ss_sp = stack, .ss_size = size};
    const struct sigaction action = {.sa_handler = note_depth, .sa_flags = SA_ONSTACK};
    if (sigaltstack(&all, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0 || raise(SIGUSR1) != 0)
        return 0;
    return (size_t)((uintptr_t)stack + size - deepest);
}

/* Enough for that and for a sentence, and less than the library fills memory on. */
static int reads_on_a_tiny_stack(void *said)
{
    enum { ROOM = 128 * 1024 };
    unsigned char *place = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHILD_CHECK(place != MAP_FAILED);
    const size_t frame = frame_size(place, ROOM);
    CHILD_CHECK(frame != 0 && frame < ROOM);
    const stack_t stack = {.ss_sp = place, .ss_size = frame + 7 * KIB};
    CHILD_CHECK(sigaltstack(&stack, NULL) == 0);
    ufo_core *core = small_core(keep, said);
    ufo *region = array_of(core, counted);
    CHILD_CHECK(reads_right(region, 1000));
    CHILD_CHECK(ufo_core_delivery(core) == UFO_DELIVERY_THREAD);
    return 0;
}

static void a_stack_that_is_too_small_is_named(void **state)
{
    (void)state;
#if UNDER_SANITIZER
    SKIP_TEST("sanitizers need more of the stack than there is");
#endif
    begin_test(60);
    char *said = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(said, MAP_FAILED);
    const int end = in_child(reads_on_a_tiny_stack, said);
    if (end != 0) { /* by signals */
        assert_true(end == 128 + SIGBUS || end == 128 + SIGSEGV);
        assert_non_null(strstr(said, "signal stack"));
    }
    munmap(said, page_size());
}

static int makes_cores_until_there_are_no_more(void *unused)
{
    (void)unused;
    static ufo_core *cores[MOST_SIGNAL_CORES + 1];
    size_t count = 0;
    while (count <= MOST_SIGNAL_CORES && (cores[count] = small_core(NULL, NULL)) != NULL)
        count++;
    if (count <= MOST_SIGNAL_CORES) { /* the table of them, or what a process may have of descriptors, threads and addresses */
        CHILD_CHECK(ufo_last_status() == UFO_ERR_LIMIT || ufo_last_status() == UFO_ERR_NOMEM);
        CHILD_CHECK(strlen(ufo_last_error()) > 10);
    }
    CHILD_CHECK(count > 16);
    CHILD_CHECK(reads_right(array_of(cores[count - 1], counted), 1000));
    ufo_core_free(cores[0]);
    CHILD_CHECK((cores[0] = small_core(NULL, NULL)) != NULL);
    for (size_t i = 0; i < count; i++)
        ufo_core_free(cores[i]);
    return 0;
}

static void as_many_cores_as_there_can_be(void **state)
{
    (void)state;
    begin_test(60);
    assert_int_equal(in_child(makes_cores_until_there_are_no_more, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_from_before_hears_of_what_is_not_ours), cmocka_unit_test(without_one_the_program_ends),
        cmocka_unit_test(one_from_later_passes_on),                  cmocka_unit_test(a_blocked_signal_ends_the_program),
        cmocka_unit_test(a_stack_that_is_too_small_is_named),        cmocka_unit_test(as_many_cores_as_there_can_be),
    };
    return RUN(tests);
}
