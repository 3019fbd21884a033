/* SPDX-License-Identifier: MIT */
/* The header: ordinary zeroed memory directly before element 0, which never leaves. */
#include "support/support.h"

static const size_t sizes[] = {1, 8, 4096, 5000};
enum { COUNT = 1 << 20 };

static ufo_config *config_with_header(struct source *source, size_t header_size)
{
    source->count = COUNT;
    source->element_size = 8;
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, COUNT, 8));
    assert_ok(ufo_config_set_header(config, header_size));
    assert_ok(ufo_config_set_populate(config, source_populate, source, source_free));
    return config;
}

static void survives_eviction(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct source source = {0};
        ufo_config *config = config_with_header(&source, sizes[i]);
        ufo *region = ufo_new(core, config);
        assert_non_null(region);
        unsigned char *header = ufo_header(region), *data = ufo_data(region);

        assert_ptr_equal(header + sizes[i], data);
        assert_int_equal((uintptr_t)data % page_size(), 0);
        assert_true(all_zero(header, sizes[i]));
        for (size_t byte = 0; byte < sizes[i]; byte++)
            header[byte] = (unsigned char)(byte * 7 + 1);

        assert_pattern(data, 0, (size_t)COUNT * 8); /* four times the budget passes through */
        assert_ok(ufo_evict(region, 0, COUNT));
        for (size_t byte = 0; byte < sizes[i]; byte++)
            assert_int_equal(header[byte], (unsigned char)(byte * 7 + 1));
        assert_ok(ufo_reset(region, 0, COUNT));
        assert_int_equal(header[0], 1);
        assert_ptr_equal(ufo_find(core, header), region);
        ufo_free(region);
        ufo_config_free(config);
    }
    ufo_core_free(core);
}

static void none_by_default(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    ufo *region = zero_region(core, 4096, 0);
    assert_null(ufo_header(region));
    ufo_core_free(core);
}

static void is_writable_in_a_read_only_region(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    struct source source = {0};
    ufo_config *config = config_with_header(&source, 100);
    assert_ok(ufo_config_set_read_only(config, 1));
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    assert_int_equal(guarded_write(ufo_header(region), 42), 0);
    assert_int_equal(*(unsigned char *)ufo_header(region), 42);
    ufo_config_free(config);
    ufo_core_free(core);
}

/* It is not lazy memory, so the kernel can always write to it. */
static void takes_system_calls(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    struct source source = {0};
    ufo_config *config = config_with_header(&source, 5000);
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "header", 6), 6);
    assert_int_equal(read(ends[0], ufo_header(region), 6), 6);
    assert_memory_equal(ufo_header(region), "header", 6);
    close(ends[0]);
    close(ends[1]);
    ufo_config_free(config);
    ufo_core_free(core);
}

static void counts_against_the_budget(void **state)
{
    (void)state;
    ufo_core *core = begin_core(2 * MIB);
    struct source source = {0};
    uint64_t before = core_stats(core).used_bytes;
    ufo_config *config = config_with_header(&source, 64 * KIB);
    ufo *region = ufo_new(core, config);
    assert_non_null(region);
    assert_true(core_stats(core).used_bytes >= before + 64 * KIB);
    ufo_free(region);
    assert_true(core_stats(core).used_bytes < before + 64 * KIB);

    assert_ok(ufo_config_set_header(config, 4 * MIB));
    assert_null(ufo_new(core, config)); /* larger than the whole budget */
    assert_string_not_equal(ufo_last_error(), "");
    ufo_config_free(config);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_eviction),
        cmocka_unit_test(none_by_default),
        cmocka_unit_test(is_writable_in_a_read_only_region),
        cmocka_unit_test(takes_system_calls),
        cmocka_unit_test(counts_against_the_budget),
    };
    return RUN(tests);
}
