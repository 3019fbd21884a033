/* SPDX-License-Identifier: MIT */
/* Regions at an address of the user's choice. */
#include "support/support.h"

#include <sys/mman.h>

enum { LENGTH = 1 << 20 };

/* A range that was free a moment ago, far from where the system puts what other threads map meanwhile, and where the sanitizer has nothing. */
static unsigned char *free_range(size_t length)
{
    void *const far = (void *)((uintptr_t)1 << (UNDER_TSAN ? 38 : 45));
    void *start = mmap(far, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
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

/* Refused by the setter, or at last by the constructor; without a crash, and without wrapping around. */
static void assert_no_place(ufo_core *core, uintptr_t address, size_t header)
{
    ufo_config *config = config_of(LENGTH);
    assert_ok(ufo_config_set_header(config, header));
    ufo_status status = ufo_config_set_address(config, (void *)address);
    if (status == UFO_OK) {
        ufo *region = ufo_new(core, config);
        if (region)
            fail_msg("an array at %#zx with a header of %zu", (size_t)address, header);
    } else if (status != UFO_ERR_ADDRESS && status != UFO_ERR_INVALID) {
        fail_msg("%#zx: %s", (size_t)address, ufo_status_string(status));
    }
    assert_error_names("address");
    ufo_config_free(config);
}

static void no_room_for_the_header(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    assert_no_place(core, page_size(), page_size() + 1);
    assert_no_place(core, page_size(), 100 * page_size());
    assert_no_place(core, 16 * page_size(), MIB);
    ufo_core_free(core);
}

static void above_the_address_space(void **state)
{
    (void)state;
    ufo_core *core = begin_core(4 * MIB);
    const uintptr_t page = page_size(), places[] = {
        UINTPTR_MAX / 2 + 1,            /* the kernel's half */
        UINTPTR_MAX / 2 + 1 - LENGTH,   /* just below it */
        (uintptr_t)0xffff800000000000u, /* where it begins with four levels of page tables */
        (uintptr_t)1 << 57,             /* beyond five */
        UINTPTR_MAX - page + 1,         /* its end would be 1 MiB */
        UINTPTR_MAX - LENGTH + 1,       /* its end would be 0 */
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_no_place(core, places[i], 0);
        assert_no_place(core, places[i], 10);
    }
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_address),
        cmocka_unit_test(taken),
        cmocka_unit_test(not_aligned),
        cmocka_unit_test(impossible),
        cmocka_unit_test(no_room_for_the_header),
        cmocka_unit_test(above_the_address_space),
    };
    return RUN(tests);
}
