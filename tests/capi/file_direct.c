/* SPDX-License-Identifier: MIT */
/* UFO_FILE_DIRECT bypasses the page cache where it can, and gives the same values everywhere. */
#include "support/support.h"

#define BUDGET (512 * KIB)

static void same_values(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    static const size_t cases[][2] = {
        /* size of the file, offset of the array */
        {4 << 20, 0}, {4 << 20, 4096},  {4 << 20, 512}, {4 << 20, 777},
        {3000001, 0}, {3000001, 65536}, {100, 0},       {5000, 4999},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = temp_file(cases[i][0]);
        size_t length = cases[i][0] - cases[i][1];
        ufo *region = file_region(core, path, cases[i][1], length, 1, UFO_FILE_DIRECT);
        assert_pattern(ufo_data(region), cases[i][1], length);
        ufo_free(region);
    }
    ufo_core_free(core);
}

static void changes_reach_the_file(void **state)
{
    (void)state;
    ufo_core *core = begin_core(BUDGET);
    static const size_t cases[][2] = {{4 << 20, 0}, {3000001, 0}, {3000001, 1000}, {5000, 4000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = cases[i][0], offset = cases[i][1], length = size - offset;
        const char *path = temp_file(size);
        ufo *region = file_region(core, path, offset, length, 1, UFO_FILE_DIRECT | UFO_FILE_WRITEBACK);
        unsigned char *bytes = ufo_data(region);
        for (size_t at = 0; at < length; at += 999)
            bytes[at] = 17;
        bytes[length - 1] = 18;
        assert_ok(ufo_flush(region, 0, length));
        assert_int_equal(file_size(path), size);
        FILE *file = fopen(path, "rb");
        for (size_t at = 0; at < size; at++) {
            int expected = pattern(at);
            if (at == size - 1)
                expected = 18;
            else if (at >= offset && (at - offset) % 999 == 0)
                expected = 17;
            if (getc(file) != expected)
                fail_msg("case %zu: byte %zu of the file", i, at);
        }
        fclose(file);
        ufo_free(region);
    }
    ufo_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_values),
        cmocka_unit_test(changes_reach_the_file),
    };
    return RUN(tests);
}
