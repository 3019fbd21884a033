/* SPDX-License-Identifier: MIT */
/* A sandbox: system calls that are refused as containers refuse them, no /proc, no huge pages. */
#include "hostile/use.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

enum { NOT_AVAILABLE = 77, USERFAULTFD_IOC_NEW = 0xAA00 };

/* What is refused, and how. */
struct rules {
    int calls[8]; /* numbers; the rest 0 */
    int error;
    bool device; /* also the userfaultfd of /dev/userfaultfd */
};

/* From now on the process, and what it makes, lives with these rules. */
static bool refuse(const struct rules *rules)
{
    struct sock_filter filter[40];
    unsigned short n = 0;
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < 8 && rules->calls[i] != 0; i++) {
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)rules->calls[i], 0, 1);
        filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)rules->error);
    }
    if (rules->device) {
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3);
        filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]));
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, USERFAULTFD_IOC_NEW, 0, 1);
        filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)rules->error);
    }
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_fprog program = {n, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static const struct rules no_userfaultfd = {{SYS_userfaultfd, SYS_io_uring_setup}, EPERM, true};

/* Page protection takes its place, unasked. */
static int takes_protect(void *argument)
{
    (void)argument;
    if (!refuse(&no_userfaultfd))
        return NOT_AVAILABLE;
    unsetenv("UFOMEM_DELIVERY");
    ufo_core *core = ufo_core_new(NULL);
    CHILD_CHECK(core);
    CHILD_CHECK(ufo_core_delivery(core) == UFO_DELIVERY_PROTECT);
    ufo_core_free(core);
    return use_library();
}

/* What was asked for by name is not replaced. */
static int says_no(void *argument)
{
    const ufo_delivery wanted = *(const ufo_delivery *)argument;
    if (!refuse(&no_userfaultfd))
        return NOT_AVAILABLE;
    ufo_core_config *config = ufo_core_config_new();
    CHILD_CHECK(ufo_core_config_set_delivery(config, wanted) == UFO_OK);
    ufo_core *core = ufo_core_new(config);
    CHILD_CHECK(!core);
    CHILD_CHECK(ufo_last_status() == UFO_ERR_PERMISSION);
    CHILD_CHECK(strstr(ufo_last_error(), "userfaultfd") && strstr(ufo_last_error(), strerror(EPERM)));
    ufo_core_config_free(config);
    return 0;
}

static void expect_works(int status, const char *what)
{
    if (status == NOT_AVAILABLE)
        SKIP_TEST(what);
    assert_int_equal(status, USE_WORKED);
}

static void without_userfaultfd(void **state)
{
    (void)state;
    begin_watched(60);
    expect_works(in_child(takes_protect, NULL), "no seccomp filters here");
    for (ufo_delivery wanted = UFO_DELIVERY_THREAD; wanted <= UFO_DELIVERY_INLINE; wanted++)
        expect_works(in_child(says_no, &wanted), "no seccomp filters here");
}

/* What the library can do without: it finds another way, or another delivery, or says what it lacks. */
static int with_rules(void *argument) { return refuse(argument) ? use_library() : NOT_AVAILABLE; }

static void without_this_and_that(void **state)
{
    (void)state;
    begin_watched(60);
    static const struct rules sets[] = {
        {{SYS_process_madvise}, EPERM, false},
        {{SYS_process_madvise, SYS_process_vm_readv, SYS_mincore, SYS_munlock}, ENOSYS, false},
        {{SYS_sched_yield, SYS_nanosleep, SYS_clock_nanosleep}, EPERM, false},
        {{SYS_fallocate}, ENOSYS, false},
        {{SYS_mremap}, EPERM, false},
        {{SYS_userfaultfd, SYS_memfd_create}, EPERM, true}, /* neither delivery: an error that says so */
    };
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        const int status = in_child(with_rules, (void *)&sets[i]);
        if (status == NOT_AVAILABLE)
            SKIP_TEST("no seccomp filters here");
        (void)note_use("is the set of refused calls", i, status);
    }
}

static int with_empty_proc(void *argument)
{
    (void)argument;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
        || mount("none", "/proc", "tmpfs", 0, "size=4k") != 0)
        return NOT_AVAILABLE;
    ufo_core *core = ufo_core_new(NULL); /* with a budget by default */
    CHILD_CHECK(core);
    ufo_core_stats stats = {.struct_size = sizeof stats};
    CHILD_CHECK(ufo_core_stats_get(core, &stats) == UFO_OK);
    CHILD_CHECK(stats.budget_bytes >= MIB);
    CHILD_CHECK(use_core(core) == USE_WORKED);
    ufo_core_free(core);
    return use_library();
}

static void without_proc(void **state)
{
    (void)state;
    begin_watched(60);
    expect_works(in_child(with_empty_proc, NULL), "this user may not mount");
}

static int without_huge_pages(void *argument)
{
    (void)argument;
    if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0)
        return NOT_AVAILABLE;
    ufo_core *core = new_core(24 * MIB);
    ufo_config *config = ufo_config_new();
    const size_t count = 64 * MIB / 8;
    CHILD_CHECK(ufo_config_set_elements(config, count, 8) == UFO_OK);
    CHILD_CHECK(ufo_config_set_sequence_int(config, 5, 9) == UFO_OK);
    ufo *region = ufo_new(core, config);
    CHILD_CHECK(region);
    volatile uint64_t *data = ufo_data(region);
    for (size_t at = 0; at < count; at += 256) {
        CHILD_CHECK(data[at] == 5 + 9 * at);
        if (at % 512 == 0)
            data[at] = at;
    }
    for (size_t at = 0; at < count; at += 256)
        CHILD_CHECK(data[at] == (at % 512 == 0 ? at : 5 + 9 * at));
    ufo_core_free(core);
    ufo_config_free(config);
    return 0;
}

static void no_huge_pages(void **state)
{
    (void)state;
    begin_watched(60);
    expect_works(in_child(without_huge_pages, NULL), "PR_SET_THP_DISABLE is refused");
}

/* Somebody without rights, on a system that keeps userfaultfd for faults in the kernel from him (vm.unprivileged_userfaultfd = 0, the default). */
static int without_rights(void *argument)
{
    (void)argument;
    char allowed[2] = "";
    FILE *setting = fopen("/proc/sys/vm/unprivileged_userfaultfd", "r");
    if (!setting || !fgets(allowed, sizeof allowed, setting) || allowed[0] != '0')
        return NOT_AVAILABLE;
    fclose(setting);
    enum { nobody = 65534 };
    if (setgroups(0, NULL) != 0 || setgid(nobody) != 0 || setuid(nobody) != 0 || access("/dev/userfaultfd", R_OK | W_OK) == 0)
        return NOT_AVAILABLE;
    CHILD_CHECK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0); /* as after execve: /proc/self is his own */
    unsetenv("UFOMEM_DELIVERY");
    unsetenv("UFOMEM_FEATURES_OFF");
    ufo_core *core = new_core(MIB);
    CHILD_CHECK(core);
    const uint32_t ways = UFO_FEATURE_USERFAULTFD_DEVICE | UFO_FEATURE_USERFAULTFD_SYSCALL | UFO_FEATURE_USERFAULTFD_USER;
    CHILD_CHECK(ufo_core_delivery(core) == UFO_DELIVERY_THREAD && (ufo_core_features(core) & ways) == UFO_FEATURE_USERFAULTFD_USER);
    CHILD_CHECK(use_core(core) == USE_WORKED);
    struct source source = {0};
    ufo *region = source_region(core, &source, MIB, 1, 4 * KIB);
    int ends[2];
    CHILD_CHECK(pipe(ends) == 0);
    CHILD_CHECK(write(ends[1], ufo_data(region), 1) == -1 && errno == EFAULT); /* never zeros */
    CHILD_CHECK(ufo_pin(region, 0, 1) == UFO_OK && write(ends[1], ufo_data(region), 1) == 1);
    uint8_t value;
    CHILD_CHECK(read(ends[0], &value, 1) == 1 && value == pattern(0));
    ufo_core_free(core);
    return use_library();
}

static void an_ordinary_user(void **state)
{
    (void)state;
    begin_watched(60);
    expect_works(in_child(without_rights, NULL), "nobody's rights cannot be taken on here, or they suffice for all of userfaultfd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_userfaultfd), cmocka_unit_test(without_this_and_that),
                                       cmocka_unit_test(without_proc), cmocka_unit_test(no_huge_pages),
                                       cmocka_unit_test(an_ordinary_user)};
    return RUN(tests);
}
