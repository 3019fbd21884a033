/* SPDX-License-Identifier: MIT */
/*
 * With swap: a program whose budget is larger than what its group leaves is swapped out, not killed, and every value is right.  Uses the
 * swap that there is; with UFOMEM_TEST_MAKE_SWAP=1, and root, a file of its own for the time of the test.
 */
#include "pressure/group.h"

#include <fcntl.h>
#include <sys/swap.h>

#define LIMIT (32 * MIB)
#define BUDGET (48 * MIB)
#define LENGTH (80 * MIB)
#define SWAP (256 * MIB)

static struct group group;
static char swap_file[64];

static bool has_swap(void)
{
    char line[512];
    int lines = 0;
    FILE *swaps = fopen("/proc/swaps", "re");
    while (swaps && fgets(line, sizeof line, swaps))
        lines++;
    if (swaps)
        fclose(swaps);
    return lines > 1;
}

/* What mkswap writes into the first page: version, last page and number of bad ones, and a mark at its end. */
static bool make_swap(void)
{
    if (!getenv("UFOMEM_TEST_MAKE_SWAP"))
        return false;
    snprintf(swap_file, sizeof swap_file, "/var/tmp/ufomem-swap-%d", (int)getpid());
    int fd = open(swap_file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    char *zeros = calloc(1, MIB);
    for (size_t at = 0; zeros && at < SWAP; at += MIB)
        if (write(fd, zeros, MIB) != (ssize_t)MIB)
            break;
    free(zeros);
    const uint32_t header[] = {1, (uint32_t)(SWAP / page_size() - 1), 0};
    bool done = pwrite(fd, header, sizeof header, 1024) == (ssize_t)sizeof header
                && pwrite(fd, "SWAPSPACE2", 10, (off_t)page_size() - 10) == 10 && fsync(fd) == 0;
    close(fd);
    done = done && swapon(swap_file, 0) == 0;
    if (!done)
        unlink(swap_file);
    return done;
}

static size_t swapped(void)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmSwap: %llu", &kib) == 1)
            break;
    if (status)
        fclose(status);
    return (size_t)kib * 1024;
}

static uint64_t stamp(size_t page, unsigned round) { return (page + 1) * UINT64_C(0x9E3779B97F4A7C15) + round; }

static int change_more_than_fits(void *chunk)
{
    CHILD_CHECK(group_enter(&group));
    ufo_core_config *core_config = ufo_core_config_new();
    CHILD_CHECK(ufo_core_config_set_budget(core_config, BUDGET) == UFO_OK);
    ufo_core *core = ufo_core_new(core_config);
    CHILD_CHECK(core != NULL);
    ufo_config *config = ufo_config_new();
    CHILD_CHECK(ufo_config_set_elements(config, LENGTH / 8, 8) == UFO_OK);
    CHILD_CHECK(ufo_config_set_chunk(config, *(size_t *)chunk / 8) == UFO_OK);
    ufo *region = ufo_new(core, config);
    CHILD_CHECK(region != NULL);
    volatile uint64_t *words = ufo_data(region);
    const size_t step = page_size() / 8, pages = LENGTH / page_size();
    size_t most_swapped = 0;
    for (unsigned round = 0; round < 2; round++)
        for (size_t page = 0; page < pages; page++) {
            CHILD_CHECK(words[page * step] == (round ? stamp(page, round - 1) : 0));
            words[page * step] = stamp(page, round);
            if (page % 4096 == 0)
                most_swapped = swapped() > most_swapped ? swapped() : most_swapped;
        }
    for (size_t page = 0; page < pages; page += 7) { /* in another order, by call */
        uint64_t value = 0;
        CHILD_CHECK(ufo_read(region, page * 7919 % pages * step, 1, &value) == UFO_OK);
        CHILD_CHECK(value == stamp(page * 7919 % pages, 1));
    }
    printf("chunks of %zu KiB: at most %zu MiB swapped out\n", *(size_t *)chunk / KIB, most_swapped / MIB);
    fflush(stdout);
    CHILD_CHECK(most_swapped > 0);
    ufo_core_free(core);
    ufo_core_config_free(core_config);
    ufo_config_free(config);
    return 0;
}

static void swapped_out_and_right(void **state)
{
    (void)state;
    begin_test(120);
    const bool own = !has_swap() && make_swap();
    if (!own && !has_swap())
        SKIP_TEST("there is no swap (as root, UFOMEM_TEST_MAKE_SWAP=1 makes some for the time of the test)");
    int ends[2];
    for (size_t i = 0; i < 2; i++) {
        size_t chunk = i == 0 ? 4 * KIB : 64 * KIB;
        ends[i] = group_child(&group, NULL, LIMIT, true, change_more_than_fits, &chunk);
    }
    if (own) {
        swapoff(swap_file);
        unlink(swap_file);
    }
    assert_int_equal(ends[0], 0);
    assert_int_equal(ends[1], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(swapped_out_and_right)};
    return RUN(tests);
}
