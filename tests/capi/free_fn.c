/* SPDX-License-Identifier: MIT */
/* free_fn runs exactly once, in whatever order things end. */
#include "support/support.h"

static struct source source;
static int frees(void) { return atomic_load(&source.frees); }

static ufo_config *config_with_source(void)
{
    memset(&source, 0, sizeof source);
    source.count = 1000;
    source.element_size = 8;
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, 1000, 8));
    assert_ok(ufo_config_set_populate(config, source_populate, &source, source_free));
    return config;
}

static void config_alone(void **state)
{
    (void)state;
    begin_test(10);
    ufo_config *config = config_with_source();
    assert_int_equal(frees(), 0);
    ufo_config_free(config);
    assert_int_equal(frees(), 1);
}

static void config_first(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo_config *config = config_with_source();
    ufo *region = ufo_new(core, config);
    ufo_config_free(config);
    assert_int_equal(frees(), 0);
    assert_pattern(ufo_data(region), 0, 8000);
    ufo_free(region);
    assert_int_equal(frees(), 1);
    ufo_core_free(core);
    assert_int_equal(frees(), 1);
}

static void region_first(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo_config *config = config_with_source();
    ufo_free(ufo_new(core, config));
    assert_int_equal(frees(), 0);
    ufo_free(ufo_new(core, config)); /* still good for another one */
    assert_int_equal(frees(), 0);
    ufo_core_free(core);
    assert_int_equal(frees(), 0);
    ufo_config_free(config);
    assert_int_equal(frees(), 1);
}

static void several_regions(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB), *other = new_core(MIB);
    ufo_config *config = config_with_source();
    ufo *first = ufo_new(core, config), *second = ufo_new(other, config);
    ufo_config_free(config);
    ufo_free(first);
    assert_int_equal(frees(), 0);
    assert_pattern(ufo_data(second), 0, 8000);
    ufo_core_free(other);
    assert_int_equal(frees(), 1);
    ufo_core_free(core);
    assert_int_equal(frees(), 1);
}

static void setter_that_failed(void **state)
{
    (void)state;
    begin_test(10);
    memset(&source, 0, sizeof source);
    ufo_config *config = ufo_config_new();
    assert_status(ufo_config_set_populate(config, NULL, &source, source_free), UFO_ERR_INVALID);
    assert_int_equal(frees(), 1);
    assert_status(ufo_config_set_populate(NULL, source_populate, &source, source_free), UFO_ERR_INVALID);
    assert_int_equal(frees(), 2);
    assert_status(ufo_config_set_writeback(config, NULL, &source, source_free), UFO_ERR_INVALID);
    assert_int_equal(frees(), 3);
    assert_status(ufo_config_set_writeback(NULL, store_writeback, &source, source_free), UFO_ERR_INVALID);
    assert_int_equal(frees(), 4);
    ufo_config_free(config);
    assert_int_equal(frees(), 4);
    assert_status(ufo_config_set_populate(config, source_populate, &source, source_free), UFO_ERR_CLOSED);
    assert_int_equal(frees(), 5); /* a config that is gone keeps nothing */
}

static void constructor_that_failed(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo_config *config = config_with_source();
    assert_ok(ufo_config_set_header(config, 64 * MIB)); /* does not fit the budget */
    assert_null(ufo_new(core, config));
    assert_null(ufo_new(core, config));
    assert_int_equal(frees(), 0);
    ufo_config_free(config);
    assert_int_equal(frees(), 1);
    ufo_core_free(core);
}

static void setter_replaced(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo_config *config = config_with_source();
    struct source later = {.count = 1000, .element_size = 8};
    assert_ok(ufo_config_set_populate(config, source_populate, &later, source_free));
    assert_int_equal(frees(), 1);
    ufo *region = ufo_new(core, config);
    assert_ok(ufo_config_set_file(config, temp_file(8000), 0, 0)); /* replaces it in the config, not in the region */
    assert_int_equal(atomic_load(&later.frees), 0);
    assert_pattern(ufo_data(region), 0, 8000);
    ufo_free(region);
    assert_int_equal(atomic_load(&later.frees), 1);
    assert_int_equal(atomic_load(&source.calls), 0);
    ufo_config_free(config);
    ufo_core_free(core);
    assert_int_equal(frees(), 1);
    assert_int_equal(atomic_load(&later.frees), 1);
}

static void a_triple_set_twice(void **state)
{
    (void)state;
    begin_test(10);
    ufo_config *config = config_with_source();
    assert_ok(ufo_config_set_populate(config, source_populate, &source, source_free));
    assert_int_equal(frees(), 1); /* each call of the setter gives the config a reference of its own */
    ufo_config_free(config);
    assert_int_equal(frees(), 2);
}

static void populate_and_writeback(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    struct store store;
    store_init(&store, 1000, 8);
    ufo *region = store_region(core, &store, 0);
    assert_int_equal(atomic_load(&store.frees), 0);
    ufo_free(region);
    assert_int_equal(atomic_load(&store.frees), 2);
    ufo_core_free(core);
    store_destroy(&store);
}

static void while_pins_are_held(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    ufo_config *config = config_with_source();
    ufo *region = ufo_new(core, config);
    ufo_config_free(config);
    assert_ok(ufo_pin(region, 0, 1));
    ufo_free(region);
    assert_in_range(frees(), 0, 1);
    assert_ok(ufo_unpin(region, 0, 1));
    ufo_core_free(core);
    assert_int_equal(frees(), 1);
}

/* ---- A region that ends inside its own callback ---- */

static ufo *suicidal;
static int32_t free_myself(void *user_data, size_t first, size_t count, void *out)
{
    ufo_free(suicidal); /* does not wait for this very call */
    return source_populate(user_data, first, count, out);
}

static void inside_a_callback(void **state)
{
    (void)state;
    ufo_core *core = begin_core(MIB);
    for (int by_load = 0; by_load < 2; by_load++) {
        memset(&source, 0, sizeof source);
        source.count = 1000;
        source.element_size = 8;
        ufo_config *config = ufo_config_new();
        assert_ok(ufo_config_set_elements(config, 1000, 8));
        assert_ok(ufo_config_set_populate(config, free_myself, &source, source_free));
        suicidal = ufo_new(core, config);
        ufo_config_free(config);
        uint8_t value;
        if (by_load)
            guarded_read(ufo_data(suicidal), &value); /* the value, or a signal: but an end */
        else
            ufo_touch(suicidal, 0, 1);
        for (uint64_t end = now_ms() + 10000; frees() == 0 && now_ms() < end;)
            sleep_ms(1);
        assert_int_equal(frees(), 1);
        assert_status(ufo_touch(suicidal, 0, 1), UFO_ERR_CLOSED);
    }
    ufo_core_free(core);
    assert_int_equal(frees(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_alone),           cmocka_unit_test(config_first),
        cmocka_unit_test(region_first),           cmocka_unit_test(several_regions),
        cmocka_unit_test(setter_that_failed),     cmocka_unit_test(constructor_that_failed),
        cmocka_unit_test(setter_replaced),        cmocka_unit_test(a_triple_set_twice),
        cmocka_unit_test(populate_and_writeback), cmocka_unit_test(while_pins_are_held),
        cmocka_unit_test(inside_a_callback),
    };
    return RUN(tests);
}
