/* SPDX-License-Identifier: MIT */
/*
 * What happens when populate fails, and how to go on.
 *
 * Part of this array cannot be filled: its "disk" is unplugged.  A call gets a status and a sentence; a plain load cannot, and gets
 * SIGBUS, as with a mapped file that cannot be read.  When the disk is back, ufo_reset() lets the array try again.
 */
#define _POSIX_C_SOURCE 200809L
#include <ufomem/ufo.h>

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 1000 * 1000, BAD = 600 * 1000, UNPLUGGED = 42 };

static int32_t from_disk(void *user_data, size_t first, size_t count, void *out)
{
    const atomic_int *unplugged = user_data;
    if (atomic_load(unplugged) && first + count > BAD)
        return UNPLUGGED; /* any number but 0; it is handed on as it is */
    int32_t *element = out;
    for (size_t i = 0; i < count; i++)
        element[i] = (int32_t)(first + i);
    return 0;
}

/* A load that may fail, for programs that cannot ask first.  Most can, and do not need this. */
static sigjmp_buf out_of_the_load;

static void on_sigbus(int signal)
{
    (void)signal;
    siglongjmp(out_of_the_load, 1);
}

static int load_fails(const volatile int32_t *address)
{
    if (sigsetjmp(out_of_the_load, 1) != 0)
        return 1;
    (void)*address;
    return 0;
}

/* Ends the program if something is not as this example tells it. */
static void expect(int as_told, const char *what)
{
    printf("%s  %s\n", as_told ? "yes" : "NO!", what);
    if (!as_told) {
        fprintf(stderr, "errors: last error: %s\n", ufo_last_error());
        exit(EXIT_FAILURE);
    }
}

int main(void)
{
    static atomic_int unplugged = 1;
    struct sigaction action = {.sa_handler = on_sigbus};
    sigaction(SIGBUS, &action, NULL);

    ufo_config *config = ufo_config_new();
    expect(ufo_config_set_elements(config, COUNT, 0) == UFO_ERR_INVALID, "an element of 0 bytes is refused, in a sentence:");
    printf("       %s\n", ufo_last_error());
    expect(ufo_config_set_elements(config, COUNT, sizeof(int32_t)) == UFO_OK &&
               ufo_config_set_populate(config, from_disk, &unplugged, NULL) == UFO_OK,
           "the array is described");
    ufo *region = ufo_new(NULL, config);
    ufo_config_free(config);
    expect(region != NULL, "and made");
    const int32_t *array = ufo_data(region);

    expect(ufo_touch(region, 0, 1000) == UFO_OK && array[999] == 999, "what can be filled is there");

    expect(ufo_touch(region, BAD, 1) == UFO_ERR_POPULATE, "ufo_touch() says that the rest cannot be filled:");
    printf("       %s\n", ufo_last_error());
    expect(ufo_last_callback_code() == UNPLUGGED, "ufo_last_callback_code() is what populate returned");

    expect(load_fails(array + BAD), "a plain load of it ends in SIGBUS, never in a wrong value");

    atomic_store(&unplugged, 0);
    expect(ufo_touch(region, BAD, 1) == UFO_ERR_POPULATE, "a failure stays until it is forgotten");
    expect(ufo_reset(region, BAD, COUNT - BAD) == UFO_OK, "ufo_reset() forgets it");
    expect(!load_fails(array + BAD) && array[COUNT - 1] == COUNT - 1, "and now every element can be read");

    ufo_stats stats = {.struct_size = sizeof(stats)};
    if (ufo_stats_get(region, &stats) == UFO_OK)
        printf("     %" PRIu64 " chunks failed, %" PRIu64 " bytes were filled\n", stats.failures, stats.populated_bytes);
    ufo_free(region);
    return EXIT_SUCCESS;
}
