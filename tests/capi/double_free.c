/* SPDX-License-Identifier: MIT */
/* Handles that were freed already are refused, with a sentence. */
#include "support/support.h"

static void configs(void **state)
{
    (void)state;
    begin_test(10);
    struct source source = {0};
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_populate(config, source_populate, &source, source_free));
    ufo_config_free(config);
    assert_string_equal(ufo_last_error(), "");
    ufo_config_free(config);
    assert_string_not_equal(ufo_last_error(), "");
    assert_int_equal(atomic_load(&source.frees), 1);
    assert_status(ufo_config_set_elements(config, 1, 1), UFO_ERR_CLOSED);
    assert_null(ufo_new(NULL, config));

    ufo_core_config *core_config = ufo_core_config_new();
    ufo_core_config_free(core_config);
    ufo_core_config_free(core_config);
    assert_status(ufo_core_config_set_workers(core_config, 4), UFO_ERR_CLOSED);
    assert_null(ufo_core_new(core_config));
}

static void regions(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, 1000, 8, 0);
    unsigned char buffer[8];
    ufo_free(region);
    ufo_free(region);
    assert_string_not_equal(ufo_last_error(), "");
    assert_int_equal(atomic_load(&source.frees), 1);
    assert_null(ufo_data(region));
    assert_null(ufo_header(region));
    assert_int_equal(ufo_count(region), 0);
    assert_int_equal(ufo_element_size(region), 0);
    assert_int_equal(ufo_chunk(region), 0);
    assert_status(ufo_get_delivery(region), UFO_ERR_CLOSED);
    assert_status(ufo_touch(region, 0, 1), UFO_ERR_CLOSED);
    assert_status(ufo_pin(region, 0, 1), UFO_ERR_CLOSED);
    assert_status(ufo_pin_write(region, 0, 1), UFO_ERR_CLOSED);
    assert_status(ufo_unpin(region, 0, 1), UFO_ERR_CLOSED);
    assert_status(ufo_read(region, 0, 1, buffer), UFO_ERR_CLOSED);
    assert_status(ufo_write(region, 0, 1, buffer), UFO_ERR_CLOSED);
    assert_status(ufo_flush(region, 0, 1), UFO_ERR_CLOSED);
    assert_status(ufo_evict(region, 0, 1), UFO_ERR_CLOSED);
    assert_status(ufo_reset(region, 0, 1), UFO_ERR_CLOSED);
    assert_status(ufo_advise(region, 0, 1, UFO_ADVICE_NORMAL), UFO_ERR_CLOSED);
    ufo_stats stats = {.struct_size = sizeof stats};
    assert_status(ufo_stats_get(region, &stats), UFO_ERR_CLOSED);
    ufo_core_free(core);
}

static void cores(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo *region = zero_region(core, 1000, 0);
    ufo_core_free(core);
    ufo_core_free(core);
    ufo_core_stats stats = {.struct_size = sizeof stats};
    assert_status(ufo_core_stats_get(core, &stats), UFO_ERR_CLOSED);
    assert_status(ufo_core_set_budget(core, MIB), UFO_ERR_CLOSED);
    assert_status(ufo_core_delivery(core), UFO_ERR_CLOSED);
    assert_int_equal(ufo_core_features(core), 0);
    assert_status(ufo_touch(region, 0, 1), UFO_ERR_CLOSED);
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, 1, 1));
    assert_null(ufo_new(core, config));
    assert_null(ufo_find(core, &stats));
    ufo_free(region); /* refused as well */
    ufo_config_free(config);
}

/* A new object is never taken for an old one, wherever it lives. */
static void old_handles_stay_closed(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo *old[100];
    for (size_t i = 0; i < 100; i++) {
        old[i] = zero_region(core, 1000, 0);
        ufo_free(old[i]);
        ufo *live = zero_region(core, 1000, 0);
        if (live != old[i])
            assert_status(ufo_touch(old[i], 0, 1), UFO_ERR_CLOSED);
        assert_ok(ufo_touch(live, 0, 1));
        ufo_free(live);
    }
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs),
        cmocka_unit_test(regions),
        cmocka_unit_test(cores),
        cmocka_unit_test(old_handles_stay_closed),
    };
    return RUN(tests);
}
