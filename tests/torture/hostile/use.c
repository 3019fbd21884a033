/* SPDX-License-Identifier: MIT */
#include "hostile/use.h"

enum { WORDS = 256 * 1024, CHUNK_WORDS = 2048, STEP = 64 };
#define BUDGET (512 * KIB)

static int refused(const char *what)
{
    if (ufo_last_error()[0] == '\0' || ufo_last_status() == UFO_OK) {
        fprintf(stderr, "%s failed, and does not say why\n", what);
        return USE_WRONG;
    }
    fprintf(stderr, "%s: %s\n", what, ufo_last_error());
    return USE_REFUSED;
}

static int wrong(const char *what, size_t at)
{
    fprintf(stderr, "%s: word %zu is wrong\n", what, at);
    return USE_WRONG;
}

static int32_t triple(void *user_data, size_t first, size_t count, void *out)
{
    (void)user_data;
    uint64_t *word = out;
    for (size_t i = 0; i < count; i++)
        word[i] = 3 * (first + i) + 7;
    return 0;
}

enum { MOST_REFUSALS = 3 }; /* each may cost the library its patience */

/* Each word is what it was made as, or what was written and acknowledged; an error is an answer, too. */
static int use_region(ufo *region)
{
    static bool written[WORDS / STEP];
    volatile uint64_t *data = ufo_data(region);
    int result = USE_WORKED, refusals = 0;
    memset(written, 0, sizeof written);
    for (size_t at = 0; at < WORDS && refusals < MOST_REFUSALS; at += STEP) {
        const uint64_t value = ~(uint64_t)at;
        written[at / STEP] = ufo_write(region, at, 1, &value) == UFO_OK;
        if (!written[at / STEP]) {
            result = refused("ufo_write");
            refusals++;
        }
        if (result == USE_WRONG)
            return result;
    }
    refusals = 0;
    for (size_t at = 0; at < WORDS && refusals < MOST_REFUSALS; at += STEP / 2) {
        const bool changed = at % STEP == 0 && written[at / STEP];
        const uint64_t expected = changed ? ~(uint64_t)at : 3 * at + 7;
        uint64_t value = 0;
        if (ufo_read(region, at, 1, &value) != UFO_OK) {
            result = refused("ufo_read");
            refusals++;
        } else if (value != expected)
            return wrong("ufo_read", at);
        else if (ufo_pin(region, at, 1) != UFO_OK) {
            result = refused("ufo_pin");
            refusals++;
        } else {
            if (data[at] != expected)
                return wrong("load", at);
            if (ufo_unpin(region, at, 1) != UFO_OK)
                return wrong("ufo_unpin", at);
        }
        if (result == USE_WRONG)
            return result;
    }
    return result;
}

int use_core(ufo_core *core)
{
    ufo_config *config = ufo_config_new();
    if (!config)
        return refused("ufo_config_new");
    ufo *region = NULL;
    if (ufo_config_set_elements(config, WORDS, 8) == UFO_OK && ufo_config_set_chunk(config, CHUNK_WORDS) == UFO_OK
        && ufo_config_set_populate(config, triple, NULL, NULL) == UFO_OK)
        region = ufo_new(core, config);
    const int result = region ? use_region(region) : refused("ufo_new");
    ufo_free(region);
    ufo_config_free(config);
    return result;
}

int use_library(void)
{
    ufo_core_config *config = ufo_core_config_new();
    if (!config)
        return refused("ufo_core_config_new");
    ufo_core *core = ufo_core_config_set_budget(config, BUDGET) == UFO_OK ? ufo_core_new(config) : NULL;
    const int result = core ? use_core(core) : refused("ufo_core_new");
    ufo_core_free(core);
    ufo_core_config_free(config);
    return result;
}

bool note_use(const char *what, size_t amount, int status)
{
    print_message("%zu %s: %s\n", amount, what,
                  status == USE_WORKED    ? "works"
                  : status == USE_REFUSED ? "refused"
                                          : "FAILED");
    if (status != USE_WORKED && status != USE_REFUSED)
        fail_msg("%zu %s: the child ended with %d", amount, what, status);
    return status == USE_WORKED;
}
