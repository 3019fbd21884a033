/* SPDX-License-Identifier: MIT */
/* In a group with a limit, what is spilled goes through the page cache as long as there is room for it, and past it when there is not. */
#include "pressure/group.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#define LIMIT (192 * MIB)
#define BUDGET (16 * MIB)
#define LITTLE (4 * MIB) /* less than a sixteenth of the limit, also while a batch of chunks has left: some 4 MiB */
#define LENGTH (8 * BUDGET)

static struct group group;

static uint64_t stamp(size_t page, uint64_t round) { return (page + 1) * UINT64_C(0x9E3779B97F4A7C15) + round; }

/* All of it is changed, goes to the spill, and comes back. */
static int change_all(ufo *region, uint64_t round)
{
    volatile uint64_t *words = ufo_data(region);
    const size_t step = page_size() / 8;
    for (size_t at = 0; at < LENGTH / 8; at += step) {
        CHILD_CHECK(words[at] == (round == 0 ? 0 : stamp(at / step, round - 1)));
        words[at] = stamp(at / step, round);
    }
    return 0;
}

static int spill_beside(size_t ballast, size_t *most)
{
    CHILD_CHECK(group_enter(&group));
    ufo_core_config *core_config = ufo_core_config_new();
    CHILD_CHECK(ufo_core_config_set_budget(core_config, BUDGET) == UFO_OK);
    ufo_core *core = ufo_core_new(core_config);
    ufo_config *config = ufo_config_new();
    CHILD_CHECK(ufo_config_set_elements(config, LENGTH / 8, 8) == UFO_OK);
    ufo *region = ufo_new(core, config);
    CHILD_CHECK(region != NULL);
    if (ballast != 0) {
        unsigned char *bytes = mmap(NULL, ballast, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHILD_CHECK(bytes != MAP_FAILED);
        memset(bytes, 1, ballast);
    }
    *most = 0;
    for (uint64_t round = 0; round < 4; round++) {
        CHILD_CHECK(change_all(region, round) == 0);
        const size_t cached = group_cache(&group);
        *most = cached > *most ? cached : *most;
    }
    CHILD_CHECK(core_stats(core).spill_read_bytes > 0);
    ufo_free(region);
    ufo_core_free(core);
    ufo_config_free(config);
    ufo_core_config_free(core_config);
    return 0;
}

static int spill_with_little_left(void *unused)
{
    (void)unused;
    size_t most;
    if (spill_beside(LIMIT - BUDGET - LITTLE, &most) != 0)
        return 1;
    CHILD_CHECK(most < 2 * MIB);
    return 0;
}

static int spill_with_room(void *unused)
{
    (void)unused;
    size_t most;
    if (spill_beside(0, &most) != 0)
        return 1;
    CHILD_CHECK(most > BUDGET);
    return 0;
}

static void needs_a_disk(void)
{
    const char *named = getenv("TMPDIR");
    struct statfs system;
    if (statfs(named && named[0] ? named : "/var/tmp", &system) != 0 || system.f_type == TMPFS_MAGIC)
        SKIP_TEST("the spill is in memory here; set TMPDIR to a directory on a disk");
    int fd = temp_direct_file(page_size());
    if (fd < 0)
        SKIP_TEST("no disk here takes O_DIRECT");
    close(fd);
}

static void with_little_left_nothing_is_on_its_way_through_the_page_cache(void **state)
{
    (void)state;
    begin_test(90);
    needs_a_disk();
    assert_int_equal(group_child(&group, NULL, LIMIT, false, spill_with_little_left, NULL), 0);
}

static void where_there_is_room_the_page_cache_has_it(void **state)
{
    (void)state;
    begin_test(90);
    needs_a_disk();
    assert_int_equal(group_child(&group, NULL, LIMIT, false, spill_with_room, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_little_left_nothing_is_on_its_way_through_the_page_cache),
        cmocka_unit_test(where_there_is_room_the_page_cache_has_it),
    };
    return RUN(tests);
}
