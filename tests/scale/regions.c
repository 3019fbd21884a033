/* SPDX-License-Identifier: MIT */
/*
 * Many regions in one process: made, found by address, read, freed in an order of their own, and made again.
 *
 *     regions [REGIONS 70000]
 */
#include "scale/scale.h"

enum { BUDGET = 64 * 1024 * 1024, ELEMENTS = 100 };

static size_t mappings(void)
{
    size_t lines = 0;
    FILE *file = fopen("/proc/self/maps", "re");
    for (int c; file && (c = getc(file)) != EOF;)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

static void check(ufo_core *core, ufo *region)
{
    const volatile uint64_t *array = ufo_data(region);
    if (array[0] != mixed(0) || array[ELEMENTS - 1] != mixed(ELEMENTS - 1))
        fail_msg("the array of a region at %p is wrong", (const void *)array);
    if (ufo_find(core, (const void *)&array[ELEMENTS - 1]) != region)
        fail_msg("ufo_find() gives another region for %p", (const void *)array);
}

int main(int argc, char **argv)
{
    begin_scale(argc);
    ufo_core *core = new_core(BUDGET);
    /* Where the library maps everything twice, with a protection for each chunk, vm.max_map_count allows no more than some 15,000. */
    size_t count = size_argument(argc, argv, 1, UNDER_SANITIZER || uses_protect(core) ? 10000 : 70000);
    ufo **regions = calloc(count, sizeof *regions);
    assert_non_null(regions);
    uint64_t start = now_ms();
    for (size_t i = 0; i < count; i++)
        regions[i] = mixed_region(core, ELEMENTS, 1);
    uint64_t made = now_ms() - start;
    assert_int_equal(core_stats(core).regions, count);
    size_t mapped = mappings(), resident = process_resident();

    start = now_ms();
    for (size_t i = 0; i < count; i++)
        check(core, regions[i]);
    uint64_t read = now_ms() - start;
    assert_in_range(core_stats(core).peak_bytes, 1, BUDGET);

    /* Every other one goes, and others come into the gaps. */
    for (size_t i = 0; i < count; i += 2)
        ufo_free(regions[i]);
    assert_int_equal(core_stats(core).regions, count / 2);
    size_t gaps = mappings();
    for (size_t i = 0; i < count; i += 2)
        regions[i] = mixed_region(core, ELEMENTS, 1);
    for (size_t i = 0; i < count; i += 97)
        check(core, regions[i]);
    start = now_ms();
    ufo_core_free(core);
    printf("%zu regions: made in %llu ms, read in %llu ms, freed in %llu ms; %zu mappings, %zu with every other one gone; %zu bytes each\n",
           count, (unsigned long long)made, (unsigned long long)read, (unsigned long long)(now_ms() - start), mapped, gaps,
           resident / count);
    free(regions);
    return 0;
}
