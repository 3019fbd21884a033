/* SPDX-License-Identifier: MIT */
/* fork, while a program looks at the words of chunks itself: the child finds nothing resident, whatever the parent had. */
#include "support/residency.h"

enum { PER_CHUNK = 512, COUNT = 64 * PER_CHUNK };

struct parent {
    ufo *region;
    ufo *freed;
    ufo_residency residency;
    ufo_residency of_freed;
};

static int misses_everywhere(const ufo_residency *residency)
{
    uint64_t value = 0;
    for (size_t i = 0; i < COUNT; i += PER_CHUNK / 2)
        CHILD_CHECK(!fast_load(residency, i, &value) && !fast_store(residency, i, 1));
    return 0;
}

static ufo *numbers(ufo_core *core)
{
    ufo_config *config = ufo_config_new();
    if (!config || ufo_config_set_elements(config, COUNT, 8) != UFO_OK || ufo_config_set_chunk(config, PER_CHUNK) != UFO_OK ||
        ufo_config_set_sequence_int(config, 5, 1) != UFO_OK)
        return NULL;
    ufo *region = ufo_new(core, config);
    ufo_config_free(config);
    return region;
}

/* The child can have the same of its own. */
static int own_residency(void)
{
    ufo *region = numbers(NULL);
    CHILD_CHECK(region != NULL);
    ufo_residency residency = {.struct_size = sizeof residency};
    CHILD_CHECK(ufo_residency_open(region, &residency) == UFO_OK);
    CHILD_CHECK(misses_everywhere(&residency) == 0);
    uint64_t value = 0;
    CHILD_CHECK(ufo_touch(region, 9, 1) == UFO_OK);
    CHILD_CHECK(fast_load(&residency, 9, &value) && value == 14);
    ufo_free(region);
    CHILD_CHECK(misses_everywhere(&residency) == 0);
    ufo_residency_close(&residency);
    return 0;
}

static int in_the_child(void *argument)
{
    struct parent *parent = argument;
    uint64_t value = 0;
    CHILD_CHECK(misses_everywhere(&parent->residency) == 0);
    CHILD_CHECK(misses_everywhere(&parent->of_freed) == 0);
    CHILD_CHECK(ufo_read(parent->region, 0, 1, &value) == UFO_ERR_FORKED);
    ufo_residency another = {.struct_size = sizeof another};
    CHILD_CHECK(ufo_residency_open(parent->region, &another) == UFO_ERR_FORKED);
    ufo_residency_wake(&parent->residency, 0);
    ufo_residency_close(&parent->residency);
    ufo_residency_close(&parent->residency);
    ufo_residency_close(&parent->of_freed);
    CHILD_CHECK(parent->residency.words == NULL);
    return own_residency();
}

static ATOMIC(bool) over;
static ATOMIC(size_t) wrong;

static void *look(void *argument)
{
    const struct parent *parent = argument;
    for (size_t i = 1; !atomic_load(&over); i++) {
        const size_t at = i * 7919 % COUNT;
        uint64_t value = 0;
        if ((!fast_load(&parent->residency, at, &value) && ufo_read(parent->region, at, 1, &value) != UFO_OK) || value != at + 5)
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

static void forks(size_t threads, int times)
{
    begin_test(120);
    if (UNDER_TSAN)
        SKIP_TEST("the thread sanitizer allows no threads after a fork");
    if (UNDER_SANITIZER && threads != 0)
        SKIP_TEST("the address sanitizer's allocator may be locked in a child");
    ufo_core *core = new_core(MIB);
    struct parent parent = {.region = numbers(core), .freed = numbers(core)};
    assert_non_null(parent.region);
    assert_non_null(parent.freed);
    parent.residency = residency_of(parent.region);
    parent.of_freed = residency_of(parent.freed);
    assert_ok(ufo_touch(parent.region, 0, COUNT));
    assert_ok(ufo_touch(parent.freed, 0, COUNT));
    ufo_free(parent.freed);
    struct team team;
    atomic_store(&over, false);
    atomic_store(&wrong, 0);
    team_start(&team, threads, look, &parent);
    int failed = 0;
    for (int i = 0; i < times; i++)
        failed += in_child(in_the_child, &parent) != 0;
    atomic_store(&over, true);
    team_join(&team);
    assert_int_equal(failed, 0);
    assert_int_equal(atomic_load(&wrong), 0);

    uint64_t value = 0; /* the parent goes on as before */
    assert_ok(ufo_touch(parent.region, 100, 1));
    assert_true(fast_load(&parent.residency, 100, &value));
    assert_int_equal(value, 105);
    ufo_residency_close(&parent.residency);
    ufo_residency_close(&parent.of_freed);
    ufo_core_free(core);
}

static void the_child_finds_nothing_resident(void **state)
{
    (void)state;
    forks(0, 2);
}

static void while_other_threads_hold_chunks(void **state)
{
    (void)state;
    forks(3, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_child_finds_nothing_resident),
        cmocka_unit_test(while_other_threads_hold_chunks),
    };
    return RUN(tests);
}
