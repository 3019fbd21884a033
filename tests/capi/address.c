/* SPDX-License-Identifier: MIT */
/* Regions at an address of the user's choice. */
#include "support/support.h"

#include <sys/mman.h>

enum { LENGTH = 1 << 20 };

/* A range that was free a moment ago. */
static unsigned char *free_range(size_t length)
{
    void *start = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(start != MAP_FAILED);
    munmap(start, length);
    return start;
}

static ufo_config *config_of(size_t length)
{
    ufo_config *config = ufo_config_new();
    assert_ok(ufo_config_set_elements(config, length, 1));
    return config;
}

static void free_address(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    unsigned char *wish = free_range(4 * LENGTH) + LENGTH;
    ufo_config *config = config_of(LENGTH);
    assert_ok(ufo_config_set_header(config, 100));
    assert_ok(ufo_config_set_address(config, wish));
    ufo *region = ufo_new(core, config);
    if (!region)
        fail_msg("%s", ufo_last_error());
    assert_ptr_equal(ufo_data(region), wish);
    assert_ptr_equal(ufo_header(region), wish - 100);
    wish[LENGTH - 1] = 5;
    assert_int_equal(wish[LENGTH - 1], 5);

    /* A second one does not fit there; after the first has gone it does. */
    assert_null(ufo_new(core, config));
    ufo_free(region);
    region = ufo_new(core, config);
    assert_ptr_equal(ufo_data(region), wish);
    assert_int_equal(wish[LENGTH - 1], 0);
    ufo_config_free(config);
    ufo_core_free(core);
}

/* What is mapped already is never replaced, not even a single page at the region's end. */
static void taken(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    unsigned char *start = free_range(4 * LENGTH);
    unsigned char *mine = mmap(start + LENGTH, page_size(), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    assert_ptr_equal(mine, start + LENGTH);
    memset(mine, 3, page_size());

    unsigned char *const wishes[] = {mine, mine - LENGTH + page_size()};
    for (size_t i = 0; i < 2; i++) {
        ufo_config *config = config_of(LENGTH);
        assert_ok(ufo_config_set_address(config, wishes[i]));
        assert_null(ufo_new(core, config));
        assert_string_not_equal(ufo_last_error(), "");
        ufo_config_free(config);
    }
    ufo_config *config = config_of(LENGTH); /* its header would lie in the page */
    assert_ok(ufo_config_set_header(config, 1));
    assert_ok(ufo_config_set_address(config, mine + page_size()));
    assert_null(ufo_new(core, config));
    ufo_config_free(config);

    for (size_t i = 0; i < page_size(); i++)
        assert_int_equal(mine[i], 3);
    munmap(mine, page_size());
    ufo_core_free(core);
}

/* Refused by the setter, or at last by the constructor. */
static void not_aligned(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    ufo_config *config = config_of(LENGTH);
    ufo_status status = ufo_config_set_address(config, free_range(4 * LENGTH) + LENGTH + 8);
    if (status == UFO_OK)
        assert_null(ufo_new(core, config));
    else
        assert_int_equal(status, UFO_ERR_ADDRESS);
    assert_error_names("page");
    ufo_config_free(config);
    ufo_core_free(core);
}

/* The end of the address space is not a place for an array. */
static void impossible(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    ufo_config *config = config_of(LENGTH);
    if (ufo_config_set_address(config, (void *)(UINTPTR_MAX & ~(page_size() - 1))) == UFO_OK)
        assert_null(ufo_new(core, config));
    assert_string_not_equal(ufo_last_error(), "");
    ufo_config_free(config);
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_address),
        cmocka_unit_test(taken),
        cmocka_unit_test(not_aligned),
        cmocka_unit_test(impossible),
    };
    return RUN(tests);
}
