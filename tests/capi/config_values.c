/* SPDX-License-Identifier: MIT */
/* Values that the setters accept, and those that they refuse. */
#include "support/support.h"

static void of_a_core(void **state)
{
    (void)state;
    begin_test(30);
    ufo_core_config *config = ufo_core_config_new();
    static const uint32_t bad[][2] = {{0, 50}, {50, 50}, {60, 50}, {50, 101}, {100, 100}, {0, 0}, {UINT32_MAX, 100}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(ufo_core_config_set_watermarks(config, bad[i][0], bad[i][1]), UFO_ERR_INVALID);
    assert_ok(ufo_core_config_set_watermarks(config, 1, 100));
    assert_ok(ufo_core_config_set_watermarks(config, 99, 100));
    assert_ok(ufo_core_config_set_watermarks(config, 1, 2));

    assert_status(ufo_core_config_set_workers(config, 0), UFO_ERR_INVALID);
    assert_status(ufo_core_config_set_workers(config, 1), UFO_ERR_INVALID);
    assert_status(ufo_core_config_set_workers(config, 1025), UFO_ERR_INVALID);
    assert_ok(ufo_core_config_set_workers(config, 1024));
    assert_ok(ufo_core_config_set_workers(config, 2));

    assert_status(ufo_core_config_set_delivery(config, 4), UFO_ERR_INVALID);
    assert_status(ufo_core_config_set_delivery(config, -1), UFO_ERR_INVALID);
    assert_ok(ufo_core_config_set_delivery(config, UFO_DELIVERY_AUTO));

    assert_status(ufo_core_config_set_features_off(config, UINT32_C(1) << 31), UFO_ERR_INVALID);
    assert_error_names("0x80000000");
    assert_status(ufo_core_config_set_log(config, NULL, NULL, NULL), UFO_ERR_INVALID);
    assert_error_names("log");
    ufo_core_config_free(config);
}

/* The extreme ones do work. */
static void extreme_watermarks_and_workers(void **state)
{
    (void)state;
    begin_test(60);
    static const uint32_t watermarks[][2] = {{1, 2}, {1, 100}, {99, 100}, {49, 50}};
    for (size_t i = 0; i < 4; i++) {
        ufo_core_config *config = ufo_core_config_new();
        assert_ok(ufo_core_config_set_budget(config, 4 * MIB));
        assert_ok(ufo_core_config_set_watermarks(config, watermarks[i][0], watermarks[i][1]));
        assert_ok(ufo_core_config_set_workers(config, 2));
        ufo_core *core = ufo_core_new(config);
        assert_non_null(core);
        struct source source = {0};
        ufo *region = source_region(core, &source, 16 * MIB, 1, 0);
        assert_pattern(ufo_data(region), 0, 16 * MIB);
        assert_in_range(core_stats(core).peak_bytes, 1, 4 * MIB);
        ufo_core_config_free(config);
        ufo_core_free(core);
    }
}

/* A budget that holds nothing is refused with a sentence, sooner or later. */
static void a_tiny_budget(void **state)
{
    (void)state;
    begin_test(30);
    ufo_core_config *config = ufo_core_config_new();
    ufo_core *core = NULL;
    ufo_status status = ufo_core_config_set_budget(config, 1);
    if (status == UFO_OK && (core = ufo_core_new(config)) != NULL) {
        ufo_config *array = ufo_config_new();
        assert_ok(ufo_config_set_elements(array, 100000, 1));
        ufo *region = ufo_new(core, array);
        if (region)
            assert_status(ufo_touch(region, 0, 1), UFO_ERR_BUDGET);
        ufo_config_free(array);
    }
    assert_string_not_equal(ufo_last_error(), "");
    ufo_core_config_free(config);
    ufo_core_free(core);
}

static void of_a_region(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    ufo_config *config = ufo_config_new();
    assert_null(ufo_new(core, config)); /* no elements yet */
    assert_string_not_equal(ufo_last_error(), "");
    assert_status(ufo_config_set_elements(config, 0, 8), UFO_ERR_INVALID);
    assert_status(ufo_config_set_elements(config, 8, 0), UFO_ERR_INVALID);
    assert_ok(ufo_config_set_elements(config, 1000, 8));
    assert_status(ufo_config_set_populate_policy(config, 2), UFO_ERR_INVALID);
    assert_status(ufo_config_set_populate_policy(config, -1), UFO_ERR_INVALID);
    assert_status(ufo_config_set_delivery(config, 4), UFO_ERR_INVALID);
    assert_status(ufo_config_set_delivery(config, -1), UFO_ERR_INVALID);
    assert_ok(ufo_config_set_retry(config, 0, 0));
    assert_ok(ufo_config_set_readahead(config, 0));
    assert_ok(ufo_config_set_header(config, 0));
    assert_ok(ufo_config_set_address(config, NULL));

    /* A delivery that the core does not have. */
    assert_ok(ufo_config_set_delivery(config, uses_protect(core) ? UFO_DELIVERY_THREAD : UFO_DELIVERY_PROTECT));
    assert_null(ufo_new(core, config));
    assert_ok(ufo_config_set_delivery(config, ufo_core_delivery(core)));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    assert_int_equal(ufo_get_delivery(region), ufo_core_delivery(core));
    ufo_config_free(config);
    ufo_core_free(core);
}

/* One config makes many regions, also different ones. */
static void a_config_is_reusable(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    struct source source = {.count = 3000, .element_size = 4};
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, 1000, 4));
    assert_ok(ufo_config_set_populate(config, source_populate, &source, NULL));
    ufo *first = ufo_new(core, config);
    assert_ok(ufo_config_set_elements(config, 3000, 4));
    assert_ok(ufo_config_set_read_only(config, 1));
    ufo *second = ufo_new(core, config);
    ufo_config_free(config);
    assert_int_equal(ufo_count(first), 1000); /* the copy that it was made from */
    assert_int_equal(ufo_count(second), 3000);
    ((unsigned char *)ufo_data(first))[0] = 1;
    assert_pattern(ufo_data(second), 0, 12000);
    assert_pattern((unsigned char *)ufo_data(first) + 1, 1, 3999);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_core),
        cmocka_unit_test(extreme_watermarks_and_workers),
        cmocka_unit_test(a_tiny_budget),
        cmocka_unit_test(of_a_region),
        cmocka_unit_test(a_config_is_reusable),
    };
    return RUN(tests);
}
