/* SPDX-License-Identifier: MIT */
/*
 * A file as an array, in much less memory than it has bytes.
 *
 * Unlike mmap, the array never uses more than its budget, whatever the rest of the machine does.  Prints the most frequent bytes.
 *
 *     file PATH [BUDGET-IN-MIB]
 */
#define _POSIX_C_SOURCE 200809L
#include <ufomem/ufo.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { SHOWN = 10, BAR = 50 };

static void print_most_frequent(uint64_t *frequency, uint64_t total)
{
    for (int shown = 0; shown < SHOWN; shown++) {
        int most = 0;
        for (int byte = 1; byte < 256; byte++)
            if (frequency[byte] > frequency[most])
                most = byte;
        if (frequency[most] == 0)
            break;
        printf("  0x%02x %c %12" PRIu64 "  ", (unsigned)most, isgraph(most) ? most : ' ', frequency[most]);
        for (uint64_t length = frequency[most] * BAR / total; length > 0; length--)
            putchar('#');
        putchar('\n');
        frequency[most] = 0;
    }
}

static int count_bytes(ufo *region)
{
    const size_t count = ufo_count(region);
    /* A hint that saves time: worker threads read on while this one counts. */
    if (ufo_advise(region, 0, count, UFO_ADVICE_SEQUENTIAL) != UFO_OK)
        return EXIT_FAILURE;

    const unsigned char *bytes = ufo_data(region);
    uint64_t frequency[256] = {0};
    for (size_t i = 0; i < count; i++)
        frequency[bytes[i]]++;

    printf("%zu bytes, the most frequent are\n", count);
    print_most_frequent(frequency, count);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: file PATH [BUDGET-IN-MIB]\n");
        return EXIT_FAILURE;
    }
    const char *path = argv[1];
    const size_t budget = (argc > 2 ? strtoull(argv[2], NULL, 10) : 16) << 20;
    struct stat status;
    if (stat(path, &status) != 0) {
        perror(path);
        return EXIT_FAILURE;
    }

    int result = EXIT_FAILURE;
    ufo_core_config *core_config = ufo_core_config_new();
    ufo_config *config = ufo_config_new();
    ufo_core *core = NULL;
    ufo *region = NULL;

    /* Elements of one byte; an empty file ends here, since an array has at least one element. */
    if (ufo_core_config_set_budget(core_config, budget) == UFO_OK &&
        (core = ufo_core_new(core_config)) != NULL &&
        ufo_config_set_elements(config, (size_t)status.st_size, 1) == UFO_OK &&
        ufo_config_set_file(config, path, 0, 0) == UFO_OK &&
        ufo_config_set_read_only(config, 1) == UFO_OK &&
        (region = ufo_new(core, config)) != NULL)
        result = count_bytes(region);
    if (result != EXIT_SUCCESS)
        fprintf(stderr, "file: %s\n", ufo_last_error());

    ufo_free(region);
    ufo_core_free(core);
    ufo_config_free(config);
    ufo_core_config_free(core_config);
    return result;
}
