/* SPDX-License-Identifier: MIT */
/* NULL where an object is needed: a status and a sentence, never a crash. */
#include "support/support.h"

static int32_t nothing(void *user_data, size_t first, size_t count, void *out)
{
    (void)user_data, (void)first, (void)count, (void)out;
    return 0;
}

static void configs(void **state)
{
    (void)state;
    begin_test(30);
    assert_status(ufo_core_config_set_budget(NULL, 1 << 20), UFO_ERR_INVALID);
    assert_status(ufo_core_config_set_watermarks(NULL, 50, 90), UFO_ERR_INVALID);
    assert_status(ufo_core_config_set_workers(NULL, 4), UFO_ERR_INVALID);
    assert_status(ufo_core_config_set_least_budget(NULL, 1), UFO_ERR_INVALID);
    assert_status(ufo_core_config_set_spill_dir(NULL, "/tmp"), UFO_ERR_INVALID);
    assert_status(ufo_core_config_set_log(NULL, NULL, NULL, NULL), UFO_ERR_INVALID);
    assert_status(ufo_core_config_set_delivery(NULL, UFO_DELIVERY_AUTO), UFO_ERR_INVALID);
    assert_status(ufo_core_config_set_features_off(NULL, 0), UFO_ERR_INVALID);

    assert_status(ufo_config_set_elements(NULL, 1, 1), UFO_ERR_INVALID);
    assert_status(ufo_config_set_header(NULL, 1), UFO_ERR_INVALID);
    assert_status(ufo_config_set_chunk(NULL, 1), UFO_ERR_INVALID);
    assert_status(ufo_config_set_read_only(NULL, 1), UFO_ERR_INVALID);
    assert_status(ufo_config_set_populate(NULL, nothing, NULL, NULL), UFO_ERR_INVALID);
    assert_status(ufo_config_set_writeback(NULL, NULL, NULL, NULL), UFO_ERR_INVALID);
    assert_status(ufo_config_set_file(NULL, "/dev/null", 0, 0), UFO_ERR_INVALID);
    assert_status(ufo_config_set_sequence_int(NULL, 0, 1), UFO_ERR_INVALID);
    assert_status(ufo_config_set_sequence_real(NULL, 0, 1), UFO_ERR_INVALID);
    assert_status(ufo_config_set_populate_policy(NULL, UFO_POPULATE_ANYWHERE), UFO_ERR_INVALID);
    assert_status(ufo_config_set_delivery(NULL, UFO_DELIVERY_AUTO), UFO_ERR_INVALID);
    assert_status(ufo_config_set_readahead(NULL, 1), UFO_ERR_INVALID);
    assert_status(ufo_config_set_retry(NULL, 1, 1), UFO_ERR_INVALID);
    assert_status(ufo_config_set_address(NULL, NULL), UFO_ERR_INVALID);

    ufo_config *config = ufo_config_new();
    assert_status(ufo_config_set_populate(config, NULL, NULL, NULL), UFO_ERR_INVALID);
    assert_status(ufo_config_set_writeback(config, NULL, NULL, NULL), UFO_ERR_INVALID);
    assert_status(ufo_config_set_file(config, NULL, 0, 0), UFO_ERR_INVALID);
    ufo_config_free(config);
    ufo_core_config *core_config = ufo_core_config_new();
    assert_status(ufo_core_config_set_spill_dir(core_config, NULL), UFO_ERR_INVALID);
    ufo_core_config_free(core_config);
}

static void cores(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo_core_stats stats = {.struct_size = sizeof stats};
    assert_status(ufo_core_set_budget(NULL, MIB), UFO_ERR_INVALID);
    assert_status(ufo_core_stats_get(NULL, &stats), UFO_ERR_INVALID);
    assert_status(ufo_core_stats_get(core, NULL), UFO_ERR_INVALID);
    assert_status(ufo_core_delivery(NULL), UFO_ERR_INVALID);
    assert_int_equal(ufo_core_features(NULL), 0);
    assert_null(ufo_new(core, NULL));
    assert_string_not_equal(ufo_last_error(), "");
    ufo_core_free(core);
}

static void regions(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo_stats stats = {.struct_size = sizeof stats};
    unsigned char byte = 0;
    assert_null(ufo_data(NULL));
    assert_null(ufo_header(NULL));
    assert_int_equal(ufo_count(NULL), 0);
    assert_int_equal(ufo_element_size(NULL), 0);
    assert_int_equal(ufo_chunk(NULL), 0);
    assert_status(ufo_get_delivery(NULL), UFO_ERR_INVALID);
    assert_status(ufo_touch(NULL, 0, 0), UFO_ERR_INVALID);
    assert_status(ufo_pin(NULL, 0, 0), UFO_ERR_INVALID);
    assert_status(ufo_pin_write(NULL, 0, 0), UFO_ERR_INVALID);
    assert_status(ufo_unpin(NULL, 0, 0), UFO_ERR_INVALID);
    assert_status(ufo_read(NULL, 0, 1, &byte), UFO_ERR_INVALID);
    assert_status(ufo_write(NULL, 0, 1, &byte), UFO_ERR_INVALID);
    assert_status(ufo_flush(NULL, 0, 0), UFO_ERR_INVALID);
    assert_status(ufo_evict(NULL, 0, 0), UFO_ERR_INVALID);
    assert_status(ufo_reset(NULL, 0, 0), UFO_ERR_INVALID);
    assert_status(ufo_advise(NULL, 0, 0, UFO_ADVICE_NORMAL), UFO_ERR_INVALID);
    assert_status(ufo_stats_get(NULL, &stats), UFO_ERR_INVALID);

    ufo *region = zero_region(core, 100, 0);
    assert_status(ufo_read(region, 0, 1, NULL), UFO_ERR_INVALID);
    assert_status(ufo_write(region, 0, 1, NULL), UFO_ERR_INVALID);
    assert_status(ufo_stats_get(region, NULL), UFO_ERR_INVALID);
    ufo_core_free(core);
}

static void every_free_takes_null(void **state)
{
    (void)state;
    begin_test(10);
    ufo_core_config_free(NULL);
    ufo_core_free(NULL);
    ufo_config_free(NULL);
    ufo_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs),
        cmocka_unit_test(cores),
        cmocka_unit_test(regions),
        cmocka_unit_test(every_free_takes_null),
    };
    return RUN(tests);
}
