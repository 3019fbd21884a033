/* SPDX-License-Identifier: MIT */
/* In a control group with a hard limit: the kernel kills who needs more, and a program whose budget fits lives. */
#include "pressure/group.h"


enum { KILLED = 128 + SIGKILL };
#define LIMIT (96 * MIB)

static struct group outer, group;
static size_t length;

/* As malloc'ed memory is used. */
static int touch_ordinary_memory(void *unused)
{
    (void)unused;
    CHILD_CHECK(group_enter(&group));
    volatile unsigned char *bytes = malloc(length);
    CHILD_CHECK(bytes != NULL);
    for (size_t at = 0; at < length; at += page_size())
        bytes[at] = 1;
    return 0;
}

static uint64_t stamp(size_t page) { return (page + 1) * UINT64_C(0x9E3779B97F4A7C15); }

/* Far more than the group may have: all of it is changed, goes to the spill, and comes back. */
static int change_lazy_memory(void *unused)
{
    (void)unused;
    CHILD_CHECK(group_enter(&group));
    ufo_core *core = ufo_core_default();
    CHILD_CHECK(core != NULL);
    ufo_core_stats stats = {.struct_size = sizeof stats};
    CHILD_CHECK(ufo_core_stats_get(core, &stats) == UFO_OK);
    CHILD_CHECK(stats.budget_bytes <= LIMIT / 2 && stats.budget_bytes >= LIMIT / 8);
    ufo_config *config = ufo_config_new();
    CHILD_CHECK(ufo_config_set_elements(config, length / 8, 8) == UFO_OK);
    ufo *region = ufo_new(core, config);
    CHILD_CHECK(region != NULL);
    volatile uint64_t *words = ufo_data(region);
    const size_t step = page_size() / 8;
    for (size_t at = 0; at < length / 8; at += step)
        words[at] = stamp(at / step);
    for (size_t at = 0; at < length / 8; at += step)
        CHILD_CHECK(words[at] == stamp(at / step));
    ufo_free(region);
    return 0;
}

static void ordinary_memory_is_the_end_of_the_process(void **state)
{
    (void)state;
    begin_test(60);
    assert_int_equal(group_child(&group, NULL, LIMIT, false, touch_ordinary_memory, NULL), KILLED); /* so the limit is one */
}

static void lazy_memory_fits(void **state)
{
    (void)state;
    begin_test(60);
    assert_int_equal(group_child(&group, NULL, LIMIT, false, change_lazy_memory, NULL), 0);
}

static void the_limit_of_an_outer_group_counts(void **state)
{
    (void)state;
    begin_test(60);
    group_make(&outer, NULL, LIMIT, false);
    const int end = group_child(&group, &outer, 0, false, change_lazy_memory, NULL);
    group_remove(&outer);
    assert_int_equal(end, 0);
}

int main(void)
{
    length = rounds_for(320, 192) * MIB;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_memory_is_the_end_of_the_process),
        cmocka_unit_test(lazy_memory_fits),
        cmocka_unit_test(the_limit_of_an_outer_group_counts),
    };
    return RUN(tests);
}
