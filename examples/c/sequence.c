/* SPDX-License-Identifier: MIT */
/*
 * A sequence that is computed where it is read.
 *
 * The array of the first N odd numbers looks like ordinary memory and is far larger than the memory that it may use.  Their sum
 * is N squared, so the program can tell whether it read what it should.
 *
 *     sequence [N]
 */
#include <ufomem/ufo.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Called for the elements that somebody is about to read.  May run in several threads at once, for different elements. */
static int32_t odd_numbers(void *user_data, size_t first, size_t count, void *out)
{
    (void)user_data;
    uint64_t *element = out;
    for (size_t i = 0; i < count; i++)
        element[i] = 2 * (uint64_t)(first + i) + 1;
    return 0;
}

static int sum_up(const ufo *region)
{
    const uint64_t *array = ufo_data(region); /* a plain pointer, from here on */
    const uint64_t count = ufo_count(region);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++)
        sum += array[i];

    printf("the first %" PRIu64 " odd numbers sum up to %" PRIu64 "\n", count, sum);
    return sum == count * count ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const size_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100 * 1000 * 1000;
    int result = EXIT_FAILURE;

    ufo_core_config *core_config = ufo_core_config_new();
    ufo_config *config = ufo_config_new();
    ufo_core *core = NULL;
    ufo *region = NULL;

    /* Every step says why it failed, and a step on NULL fails too: one chain and one message are enough. */
    if (ufo_core_config_set_budget(core_config, 32 << 20) == UFO_OK &&
        (core = ufo_core_new(core_config)) != NULL &&
        ufo_config_set_elements(config, count, sizeof(uint64_t)) == UFO_OK &&
        ufo_config_set_populate(config, odd_numbers, NULL, NULL) == UFO_OK &&
        ufo_config_set_read_only(config, 1) == UFO_OK &&
        (region = ufo_new(core, config)) != NULL)
        result = sum_up(region);
    else
        fprintf(stderr, "sequence: %s\n", ufo_last_error());

    ufo_free(region); /* NULL is fine, everywhere */
    ufo_core_free(core);
    ufo_config_free(config);
    ufo_core_config_free(core_config);
    return result;
}
