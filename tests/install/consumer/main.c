/* SPDX-License-Identifier: MIT */
/* A program outside of the project's tree: a lazy array of squares, and a look at some of them. */
#include <stdio.h>
#include <stdlib.h>
#include <ufomem/ufo.h>

static int32_t squares(void *user_data, size_t first, size_t count, void *out)
{
    uint64_t *element = out;
    (void)user_data;
    for (size_t i = 0; i < count; i++)
        element[i] = (uint64_t)(first + i) * (first + i);
    return 0;
}

int main(void)
{
    const size_t count = 1000000;
    if (ufo_version() != UFO_VERSION) {
        fprintf(stderr, "the library is not of the header's version\n");
        return EXIT_FAILURE;
    }

    ufo_config *config = ufo_config_new();
    ufo_config_set_elements(config, count, sizeof(uint64_t));
    ufo_config_set_populate(config, squares, NULL, NULL);
    ufo *region = ufo_new(NULL, config);
    ufo_config_free(config);
    if (region == NULL) {
        fprintf(stderr, "ufo_new: %s\n", ufo_last_error());
        return EXIT_FAILURE;
    }

    const uint64_t *array = ufo_data(region);
    int wrong = 0;
    for (size_t i = 0; i < count; i += 99991)
        wrong += array[i] != (uint64_t)i * i;
    ufo_free(region);
    if (wrong != 0)
        fprintf(stderr, "%d wrong elements\n", wrong);
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
