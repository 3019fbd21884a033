/* SPDX-License-Identifier: MIT */
/* Which region does this pointer belong to? */
#include "support/support.h"

static void by_address(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB), *other = new_core(4 * MIB);
    struct source source = {.count = 10000, .element_size = 3};
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, 10000, 3));
    assert_ok(ufo_config_set_header(config, 10));
    assert_ok(ufo_config_set_populate(config, source_populate, &source, NULL));
    ufo *region = ufo_new(core, config), *neighbour = ufo_new(core, config);
    assert_non_null(region);
    assert_non_null(neighbour);
    const char *data = ufo_data(region);

    assert_ptr_equal(ufo_find(core, data), region);
    assert_ptr_equal(ufo_find(core, data + 15000), region);
    assert_ptr_equal(ufo_find(core, data + 29999), region);
    assert_null(ufo_find(core, data + 30000)); /* one past the end */
    assert_ptr_equal(ufo_find(core, data - 1), region);
    assert_ptr_equal(ufo_find(core, data - 10), region);
    assert_null(ufo_find(core, data - 11)); /* before the header */
    assert_ptr_equal(ufo_find(core, ufo_data(neighbour)), neighbour);

    assert_null(ufo_find(other, data));
    assert_null(ufo_find(core, &source));
    assert_null(ufo_find(core, NULL));
    assert_int_equal(atomic_load(&source.calls), 0); /* asking touches nothing */

    ufo_free(region);
    assert_null(ufo_find(core, data));
    assert_ptr_equal(ufo_find(core, ufo_data(neighbour)), neighbour);
    ufo_config_free(config);
    ufo_core_free(core);
    ufo_core_free(other);
}

static void in_the_default_core(void **state)
{
    (void)state;
    begin_test(30);
    ufo *region = zero_region(NULL, 100, 0);
    assert_ptr_equal(ufo_find(NULL, ufo_data(region)), region);
    assert_ptr_equal(ufo_find(ufo_core_default(), ufo_data(region)), region);
    ufo_free(region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_address), cmocka_unit_test(in_the_default_core)};
    return RUN(tests);
}
