/* SPDX-License-Identifier: MIT */
/* fork: the child has no regions of its parent, says so, and can make its own. */
#include "support/support.h"

#include <sys/wait.h>

enum { LENGTH = 4 << 20 };

struct parent {
    ufo_core *core;
    ufo *region;
    ufo_config *config;
    struct source *source;
};

static int refused(struct parent *parent)
{
    unsigned char byte = 0;
    ufo_stats stats = {.struct_size = sizeof stats};
    ufo_core_stats of_core = {.struct_size = sizeof of_core};
    CHILD_CHECK(ufo_touch(parent->region, 0, 1) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_last_error()[0] != '\0');
    CHILD_CHECK(ufo_pin(parent->region, 0, 1) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_pin_write(parent->region, 0, 1) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_unpin(parent->region, 0, 1) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_read(parent->region, 0, 1, &byte) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_write(parent->region, 0, 1, &byte) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_flush(parent->region, 0, 1) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_evict(parent->region, 0, 1) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_reset(parent->region, 0, 1) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_advise(parent->region, 0, 1, UFO_ADVICE_WILLNEED) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_stats_get(parent->region, &stats) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_get_delivery(parent->region) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_data(parent->region) == NULL);
    CHILD_CHECK(ufo_core_stats_get(parent->core, &of_core) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_core_set_budget(parent->core, MIB) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_core_delivery(parent->core) == UFO_ERR_FORKED);
    CHILD_CHECK(ufo_find(parent->core, parent->region) == NULL);
    CHILD_CHECK(ufo_new(parent->core, parent->config) == NULL);
    ufo_free(parent->region);
    ufo_core_free(parent->core);
    CHILD_CHECK(atomic_load(&parent->source->frees) == 0); /* the parent's business */
    return 0;
}

/* A core and a region of one's own, and values through the plain pointer. */
static int own_core(ufo_core *core, const char *what)
{
    struct source source = {.count = LENGTH, .element_size = 1};
    ufo_config *config = ufo_config_new();
    CHILD_CHECK(config && what);
    CHILD_CHECK(ufo_config_set_elements(config, LENGTH, 1) == UFO_OK);
    CHILD_CHECK(ufo_config_set_populate(config, source_populate, &source, source_free) == UFO_OK);
    ufo *region = ufo_new(core, config);
    CHILD_CHECK(region != NULL);
    CHILD_CHECK(pattern_mismatch(ufo_data(region), 0, LENGTH) == LENGTH);
    ((unsigned char *)ufo_data(region))[0] = 9;
    CHILD_CHECK(ufo_evict(region, 0, LENGTH) == UFO_OK);
    CHILD_CHECK(((unsigned char *)ufo_data(region))[0] == 9);
    ufo_free(region);
    ufo_config_free(config);
    CHILD_CHECK(atomic_load(&source.frees) == 1);
    return 0;
}

static int child_with_own(void)
{
    ufo_core_config *config = ufo_core_config_new();
    CHILD_CHECK(ufo_core_config_set_budget(config, MIB) == UFO_OK);
    ufo_core *core = ufo_core_new(config);
    CHILD_CHECK(core != NULL);
    ufo_core_config_free(config);
    if (own_core(core, "a new core") != 0)
        return 1;
    ufo_core_free(core);
    return own_core(NULL, "the default core");
}

static int calls_and_own_core(void *argument)
{
    struct parent *parent = argument;
    return refused(parent) != 0 ? 1 : child_with_own();
}

static int plain_load(void *address) { return *(const volatile unsigned char *)address; }

static void the_child_has_none(void **state)
{
    (void)state;
    begin_test(120);
    if (UNDER_TSAN)
        SKIP_TEST("the thread sanitizer allows no threads after a fork");
    struct source source = {0};
    ufo *in_default = zero_region(NULL, LENGTH, 0); /* the parent uses its default core, too */
    struct parent parent = {.core = new_core(MIB), .source = &source};
    parent.region = source_region(parent.core, &source, LENGTH, 1, 0);
    parent.config = ufo_config_new();
    assert_ok(ufo_config_set_elements(parent.config, 10, 1));
    unsigned char *bytes = ufo_data(parent.region);
    bytes[1] = 8;
    ((unsigned char *)ufo_data(in_default))[1] = 7;
    assert_pattern(bytes + 2, 2, LENGTH - 2);

    assert_int_equal(in_child(calls_and_own_core, &parent), 0);
    assert_int_equal(in_child(plain_load, bytes), 128 + SIGSEGV);              /* absent ... */
    assert_int_equal(in_child(plain_load, bytes + LENGTH - 1), 128 + SIGSEGV); /* ... or resident */

    assert_pattern(bytes + 2, 2, LENGTH - 2); /* the parent goes on as before */
    assert_int_equal(bytes[1], 8);
    assert_int_equal(((unsigned char *)ufo_data(in_default))[1], 7);
    assert_ok(ufo_flush(parent.region, 0, LENGTH));
    ufo_config_free(parent.config);
    ufo_free(in_default);
    ufo_core_free(parent.core);
    assert_int_equal(atomic_load(&source.frees), 1);
}

static ATOMIC(bool) over;
static ATOMIC(size_t) wrong;

static void *work(void *argument)
{
    ufo *region = argument;
    const volatile unsigned char *bytes = ufo_data(region);
    for (size_t i = 1; !atomic_load(&over); i++) {
        size_t at = i * 7919 % (LENGTH - 100);
        if ((i % 2 && ufo_touch(region, at, 100) != UFO_OK) || bytes[at] != pattern(at))
            atomic_fetch_add(&wrong, 1);
    }
    return NULL;
}

static int own_core_only(void *unused)
{
    (void)unused;
    return child_with_own();
}

/* Whatever locks other threads held at the fork, the child does not need them. */
static void while_other_threads_are_inside(void **state)
{
    (void)state;
    begin_test(120);
    if (UNDER_TSAN)
        SKIP_TEST("the thread sanitizer allows no threads after a fork");
    if (UNDER_SANITIZER)
        SKIP_TEST("the address sanitizer's allocator may be locked in a child");
    ufo_core *core = new_core(MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, 0);
    struct team team;
    atomic_store(&over, false);
    atomic_store(&wrong, 0);
    team_start(&team, 4, work, region);
    int failed = 0;
    for (size_t i = 0, children = rounds_for(20, 6); i < children; i++)
        failed += in_child(own_core_only, NULL) != 0;
    atomic_store(&over, true);
    team_join(&team);
    assert_int_equal(failed, 0);
    assert_int_equal(atomic_load(&wrong), 0);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_child_has_none),
        cmocka_unit_test(while_other_threads_are_inside),
    };
    return RUN(tests);
}
