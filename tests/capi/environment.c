/* SPDX-License-Identifier: MIT */
/* The environment variables: what they say counts, and what they say wrong is named. */
#include "support/support.h"

static int delivery_protect(void *unused)
{
    (void)unused;
    setenv("UFOMEM_DELIVERY", "protect", 1);
    ufo_core *core = ufo_core_new(NULL);
    CHILD_CHECK(core != NULL);
    CHILD_CHECK(ufo_core_delivery(core) == UFO_DELIVERY_PROTECT);
    ufo_core_free(core);
    /* The program's own word is the stronger one. */
    ufo_core_config *config = ufo_core_config_new();
    CHILD_CHECK(ufo_core_config_set_delivery(config, UFO_DELIVERY_THREAD) == UFO_OK);
    core = ufo_core_new(config);
    CHILD_CHECK(!core || ufo_core_delivery(core) == UFO_DELIVERY_THREAD); /* the kernel may have none */
    ufo_core_config_free(config);
    return 0;
}

static int delivery_unknown(void *unused)
{
    (void)unused;
    setenv("UFOMEM_DELIVERY", "pigeon", 1);
    CHILD_CHECK(ufo_core_new(NULL) == NULL);
    CHILD_CHECK(strstr(ufo_last_error(), "UFOMEM_DELIVERY") && strstr(ufo_last_error(), "pigeon"));
    CHILD_CHECK(ufo_core_default() == NULL);
    unsetenv("UFOMEM_DELIVERY"); /* the default core is not lost for ever */
    CHILD_CHECK(ufo_core_default() != NULL);
    return 0;
}

static int features_unknown(void *unused)
{
    (void)unused;
    setenv("UFOMEM_FEATURES_OFF", "move,warp", 1);
    CHILD_CHECK(ufo_core_new(NULL) == NULL);
    CHILD_CHECK(strstr(ufo_last_error(), "UFOMEM_FEATURES_OFF") && strstr(ufo_last_error(), "warp"));
    return 0;
}

static int features_off(void *unused)
{
    (void)unused;
    setenv("UFOMEM_DELIVERY", "auto", 1);
    setenv("UFOMEM_FEATURES_OFF", "move", 1);
    ufo_core_config *config = ufo_core_config_new();
    CHILD_CHECK(ufo_core_config_set_features_off(config, UFO_FEATURE_POISON) == UFO_OK); /* adds to it */
    ufo_core *core = ufo_core_new(config);
    CHILD_CHECK(core != NULL);
    CHILD_CHECK((ufo_core_features(core) & (UFO_FEATURE_MOVE | UFO_FEATURE_POISON)) == 0);
    ufo_core_free(core);
    return 0;
}

static int no_userfaultfd_at_all(void *unused)
{
    (void)unused;
    setenv("UFOMEM_DELIVERY", "auto", 1);
    setenv("UFOMEM_FEATURES_OFF", "userfaultfd_device,userfaultfd_syscall,userfaultfd_user", 1);
    ufo_core *core = ufo_core_new(NULL);
    CHILD_CHECK(core != NULL);
    CHILD_CHECK(ufo_core_delivery(core) == UFO_DELIVERY_PROTECT);
    ufo_core_free(core);
    setenv("UFOMEM_DELIVERY", "thread", 1); /* asked for, not to be had: never something else in silence */
    CHILD_CHECK(ufo_core_new(NULL) == NULL);
    CHILD_CHECK(ufo_last_error()[0] != '\0');
    return 0;
}

/* Changes that must be spilled, to a place that is not there. */
static int try_to_spill(ufo_core *core, const char *place)
{
    if (core) {
        ufo_config *config = ufo_config_new();
        CHILD_CHECK(ufo_config_set_elements(config, 100000, 1) == UFO_OK);
        ufo *region = ufo_new(core, config);
        CHILD_CHECK(region != NULL);
        CHILD_CHECK(ufo_write(region, 0, 1, "x") == UFO_OK);
        CHILD_CHECK(ufo_flush(region, 0, 100000) == UFO_ERR_SPILL);
        char value = 0;
        CHILD_CHECK(strstr(ufo_last_error(), place) != NULL);
        CHILD_CHECK(ufo_read(region, 0, 1, &value) == UFO_OK && value == 'x');
    }
    CHILD_CHECK(strstr(ufo_last_error(), place) != NULL);
    return 0;
}

static int spill_dir_missing(void *place)
{
    setenv("UFOMEM_SPILL_DIR", place, 1);
    return try_to_spill(ufo_core_new(NULL), place);
}

static int spill_dir_of_the_config(void *place)
{
    setenv("UFOMEM_SPILL_DIR", "/nowhere", 1); /* the config's word is the stronger one */
    ufo_core_config *config = ufo_core_config_new();
    char copy[1000];
    snprintf(copy, sizeof copy, "%s", (char *)place);
    if (ufo_core_config_set_spill_dir(config, copy) != UFO_OK)
        return try_to_spill(NULL, place);
    memset(copy, 'x', sizeof copy - 1); /* it was copied */
    return try_to_spill(ufo_core_new(config), place);
}

static void run(int (*child)(void *), void *argument)
{
    begin_test(60);
    assert_int_equal(in_child(child, argument), 0);
}

static void delivery(void **state)
{
    (void)state;
    run(delivery_protect, NULL);
    run(delivery_unknown, NULL);
}

static void features(void **state)
{
    (void)state;
    run(features_unknown, NULL);
    run(features_off, NULL);
    run(no_userfaultfd_at_all, NULL);
}

static void spill_dir(void **state)
{
    (void)state;
    char place[] = "/nonexistent/ufomem-spill";
    run(spill_dir_missing, place);
    run(spill_dir_of_the_config, place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(delivery), cmocka_unit_test(features),
                                       cmocka_unit_test(spill_dir)};
    return RUN(tests);
}
