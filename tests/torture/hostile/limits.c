/* SPDX-License-Identifier: MIT */
/* A process that may have next to nothing: descriptors, address space, mappings.  The library works, or says what it lacks; no hang, no crash, no zeros. */
#include "hostile/use.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* `left` descriptors are free below the limit. */
static int few_descriptors(void *argument)
{
    const int left = *(const int *)argument;
    const struct rlimit limit = {16, 16};
    CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    int last = -1;
    for (int fd; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
        last = fd;
    for (int i = 0; i < left; i++)
        close(last - i);
    return use_library();
}

static void descriptors(void **state)
{
    (void)state;
    begin_watched(100);
    bool worked = false;
    for (int left = 0; left <= 8; left++)
        worked |= note_use("descriptors left", (size_t)left, in_child(few_descriptors, &left));
    assert_true(worked); /* with eight at the latest */
}

static size_t mapped_bytes(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%zu", &pages) != 1)
        fail_msg("/proc/self/statm");
    fclose(file);
    return pages * page_size();
}

static int little_address_space(void *argument)
{
    const size_t bytes = mapped_bytes() + *(const size_t *)argument;
    const struct rlimit limit = {bytes, bytes};
    CHILD_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    return use_library();
}

static void address_space(void **state)
{
    (void)state;
    if (UNDER_SANITIZER)
        SKIP_TEST("the sanitizer's shadow memory");
    begin_watched(100);
    bool worked = false;
    for (size_t bytes = 64 * KIB; bytes <= GIB; bytes *= 2)
        worked |= note_use("KiB of address space left", bytes / KIB, in_child(little_address_space, &bytes));
    assert_true(worked);
}

static int small_files(void *argument)
{
    const size_t bytes = *(const size_t *)argument;
    const struct rlimit limit = {bytes, bytes};
    CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    return use_library();
}

/* Who writes beyond the limit gets a signal that ends the program: here it is an error. */
static void sizes_of_files(void **state)
{
    (void)state;
    begin_watched(100);
    bool worked = false;
    for (size_t bytes = 0; bytes <= 4 * MIB; bytes += 512 * KIB)
        worked |= note_use("KiB that a file may have", bytes / KIB, in_child(small_files, &bytes));
    assert_true(worked); /* with twice the array's size at the latest */
}

enum { MOST = 200000 };

static size_t map_count_limit(void)
{
    size_t limit = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    if (!file || fscanf(file, "%zu", &limit) != 1)
        limit = MOST + 1;
    if (file)
        fclose(file);
    return limit;
}

/* As many mappings as there can be, but for `left`. */
static int few_mappings(void *argument)
{
    const size_t left = *(const size_t *)argument;
    const size_t page = page_size();
    char *first = mmap(NULL, 2 * MOST * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHILD_CHECK(first != MAP_FAILED);
    size_t made = 0;
    while (made < MOST && mprotect(first + 2 * made * page, page, PROT_READ) == 0)
        made++;
    CHILD_CHECK(errno == ENOMEM);
    for (size_t i = 0; i < (left + 1) / 2; i++) /* each is one, and parts two others */
        CHILD_CHECK(mprotect(first + 2 * (made - 1 - i) * page, page, PROT_NONE) == 0);
    return use_library();
}

static void mappings(void **state)
{
    (void)state;
    begin_watched(100);
    if (map_count_limit() > MOST)
        SKIP_TEST("vm.max_map_count is large");
    bool worked = false;
    static const size_t left[] = {0, 2, 4, 8, 12, 16, 24, 32, 64, 128, 1024, 8192};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        worked |= note_use("mappings left", left[i], in_child(few_mappings, (void *)&left[i]));
    assert_true(worked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(descriptors), cmocka_unit_test(address_space), cmocka_unit_test(sizes_of_files),
                                       cmocka_unit_test(mappings)};
    return RUN(tests);
}
