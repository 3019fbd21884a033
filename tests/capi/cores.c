/* SPDX-License-Identifier: MIT */
/* Several cores: each has its own budget, and they come and go. */
#include "support/support.h"

static void have_their_own_budgets(void **state)
{
    (void)state;
    ufo_core *small = begin_core(1 * MIB), *large = new_core(16 * MIB);
    struct source first = {0}, second = {0};
    ufo *a = source_region(small, &first, 8 * MIB, 1, 0), *b = source_region(large, &second, 8 * MIB, 1, 0);
    assert_pattern(ufo_data(b), 0, 8 * MIB);
    assert_pattern(ufo_data(a), 0, 8 * MIB);
    assert_in_range(resident_bytes(ufo_data(a), 8 * MIB), 1, 1 * MIB);
    assert_int_equal(resident_bytes(ufo_data(b), 8 * MIB), 8 * MIB); /* a's pressure is not b's */
    ufo_core_free(small);
    assert_pattern(ufo_data(b), 0, 8 * MIB); /* the other one goes on */
    ufo_core_free(large);
}

static void come_and_go(void **state)
{
    (void)state;
    begin_test(60);
    struct source source = {0};
    for (int i = 1, cores = (int)rounds_for(100, 25); i <= cores; i++) {
        ufo_core *core = new_core(1 * MIB);
        ufo *region = source_region(core, &source, 2 * MIB, 1, 0);
        assert_pattern(ufo_data(region), 0, 256 * KIB);
        ((unsigned char *)ufo_data(region))[0] = 1;
        ufo_core_free(core);
        assert_int_equal(atomic_load(&source.frees), i);
    }
}

static void *live(void *argument)
{
    ATOMIC(size_t) *wrong = argument;
    for (size_t i = 0, cores = rounds_for(25, 10); i < cores; i++) {
        ufo_core_config *config = ufo_core_config_new();
        ufo_core_config_set_budget(config, MIB);
        ufo_core *core = ufo_core_new(config);
        ufo_core_config_free(config);
        ufo_config *array = ufo_config_new();
        ufo_config_set_elements(array, MIB, 1);
        ufo *region = ufo_new(core, array);
        ufo_config_free(array);
        unsigned char *bytes = ufo_data(region);
        if (!bytes || bytes[12345] != 0)
            atomic_fetch_add(wrong, 1);
        else
            bytes[12345] = 1;
        if (i % 2)
            ufo_free(region);
        ufo_core_free(core);
    }
    return NULL;
}

/* Making and freeing cores at the same time, each thread its own. */
static void come_and_go_in_several_threads(void **state)
{
    (void)state;
    begin_test(60);
    ATOMIC(size_t) wrong = 0;
    struct team team;
    team_start(&team, 4, live, &wrong);
    team_join(&team);
    assert_int_equal(atomic_load(&wrong), 0);
}

static void give_back_threads_and_descriptors(void **state)
{
    (void)state;
    begin_test(60);
    ufo_core_free(new_core(MIB)); /* whatever stays for the process's life is there now */
    int before = dup(0);
    for (size_t i = 0, cores = rounds_for(20, 5); i < cores; i++) {
        ufo_core *core = new_core(MIB);
        memset(ufo_data(zero_region(core, 4 * MIB, 0)), 1, 4 * MIB); /* with a spill file */
        ufo_core_free(core);
    }
    int after = dup(0);
    assert_int_equal(after, before + 1); /* the lowest free one */
    close(before);
    close(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(have_their_own_budgets),
        cmocka_unit_test(come_and_go),
        cmocka_unit_test(come_and_go_in_several_threads),
        cmocka_unit_test(give_back_threads_and_descriptors),
    };
    return RUN(tests);
}
