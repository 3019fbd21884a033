/* SPDX-License-Identifier: MIT */
/* Pages that the kernel has swapped out look absent to mincore(): the library does not take them for discarded ones. */
#include "support/support.h"

#include <sys/mman.h>

enum { LENGTH = 1 << 20 };
#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif

static bool has_swap(void)
{
    char line[512];
    int lines = 0;
    FILE *swaps = fopen("/proc/swaps", "re");
    while (swaps && fgets(line, sizeof line, swaps))
        lines++;
    if (swaps)
        fclose(swaps);
    return lines > 1;
}

static unsigned char changed(size_t at) { return at % 512 ? pattern(at) : (unsigned char)~pattern(at); }

static void assert_changed(const unsigned char *bytes)
{
    for (size_t at = 0; at < LENGTH; at++)
        if (bytes[at] != changed(at))
            fail_msg("byte %zu is %#x, expected %#x", at, bytes[at], changed(at));
}

static void advise(ufo *region, int advice)
{
    if (madvise(ufo_data(region), LENGTH, advice) != 0)
        SKIP_TEST("madvise refuses the advice");
}

/* Every way to leave, or to be looked at, after the pages have gone. */
static void changes_survive(size_t chunk, int advice)
{
    begin_watched(60);
    ufo_core *core = new_core(4 * MIB);
    struct store store;
    store_init(&store, LENGTH, 1);
    ufo *region = store_region(core, &store, chunk);
    unsigned char *bytes = ufo_data(region), *copy = malloc(LENGTH);
    for (size_t at = 0; at < LENGTH; at += 512)
        bytes[at] = changed(at);
    advise(region, advice);
    if (advice == MADV_PAGEOUT && resident_bytes(bytes, LENGTH) == LENGTH)
        print_message("nothing was swapped out\n");
    assert_ok(ufo_touch(region, 0, LENGTH));
    advise(region, advice);
    assert_ok(ufo_read(region, 0, LENGTH, copy));
    assert_changed(copy);
    advise(region, advice);
    assert_ok(ufo_flush(region, 0, LENGTH));
    assert_changed(store.bytes);
    advise(region, advice);
    assert_changed(bytes);
    for (size_t at = 0; at < LENGTH; at += 4096) /* twice, so that it counts as changed */
        bytes[at] = pattern(at);
    for (size_t at = 0; at < LENGTH; at += 4096)
        bytes[at] = changed(at);
    advise(region, advice);
    assert_ok(ufo_evict(region, 0, LENGTH));
    assert_changed(store.bytes);
    assert_changed(bytes);
    for (size_t at = 0; at < LENGTH; at += 512)
        bytes[at] = changed(at);
    advise(region, advice);
    ufo_core_free(core); /* writes them */
    assert_changed(store.bytes);
    free(copy);
    store_destroy(&store);
}

/* A changed chunk without a taker, and one that cannot be changed. */
static void content_survives(size_t chunk, int advice)
{
    begin_watched(60);
    ufo_core *core = new_core(2 * MIB);
    struct source source = {0};
    ufo *region = source_region(core, &source, LENGTH, 1, chunk), *zeros = zero_region(core, 8 * MIB, 0);
    unsigned char *bytes = ufo_data(region);
    for (size_t at = 0; at < LENGTH; at += 512)
        bytes[at] = changed(at);
    advise(region, advice);
    memset(ufo_data(zeros), 1, 8 * MIB); /* all of it has to go to the spill */
    assert_changed(bytes);
    ufo_free(region);

    ufo_config *config = ufo_config_new();
    struct source other = {.count = LENGTH, .element_size = 1};
    assert_ok(ufo_config_set_elements(config, LENGTH, 1));
    assert_ok(ufo_config_set_chunk(config, chunk));
    assert_ok(ufo_config_set_read_only(config, 1));
    assert_ok(ufo_config_set_populate(config, source_populate, &other, NULL));
    region = ufo_new(core, config);
    ufo_config_free(config);
    assert_pattern(ufo_data(region), 0, LENGTH);
    advise(region, advice);
    assert_ok(ufo_evict(region, 0, LENGTH / 2));
    assert_pattern(ufo_data(region), 0, LENGTH);
    ufo_core_free(core);
}

static void need_swap(void)
{
    if (!has_swap())
        SKIP_TEST("there is no swap: nothing can be swapped out");
}

static void swapped_changes(void **state)
{
    (void)state;
    need_swap();
    changes_survive(4 * KIB, MADV_PAGEOUT);
    changes_survive(64 * KIB, MADV_PAGEOUT);
}

static void swapped_content(void **state)
{
    (void)state;
    need_swap();
    content_survives(4 * KIB, MADV_PAGEOUT);
    content_survives(64 * KIB, MADV_PAGEOUT);
}

static void cold_pages(void **state)
{
    (void)state;
    for (size_t chunk = 4 * KIB; chunk <= 64 * KIB; chunk *= 16) {
        changes_survive(chunk, MADV_COLD);
        content_survives(chunk, MADV_COLD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(swapped_changes),
        cmocka_unit_test(swapped_content),
        cmocka_unit_test(cold_pages),
    };
    return RUN(tests);
}
