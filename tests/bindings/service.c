/* SPDX-License-Identifier: MIT */
/*
 * A service for the tests of the bindings: service <socket>.  Prints "ready", and lives until its standard input ends; then it is gone as if it had been
 * killed.  Exit status 77: this kernel cannot have a service.
 */
#include <ufomem/service.h>

#include <stdio.h>
#include <unistd.h>

enum { count = 1000000, budget = 4 << 20 };

/* int64: numbers that tell their index. */
static int32_t values(void *user_data, size_t first, size_t elements, void *out)
{
    (void)user_data;
    for (size_t i = 0; i < elements; i++)
        ((int64_t *)out)[i] = (int64_t)(first + i) * 3 + 1;
    return 0;
}

/* double: half of the index. */
static int32_t halves(void *user_data, size_t first, size_t elements, void *out)
{
    (void)user_data;
    for (size_t i = 0; i < elements; i++)
        ((double *)out)[i] = (double)(first + i) / 2;
    return 0;
}

static int32_t failing(void *user_data, size_t first, size_t elements, void *out)
{
    (void)user_data, (void)first, (void)elements, (void)out;
    return 42;
}

/* Whoever asks for an element has lost his service, in the middle of the answer. */
static int32_t deadly(void *user_data, size_t first, size_t elements, void *out)
{
    (void)user_data, (void)first, (void)elements, (void)out;
    _exit(0);
}

static int publish(ufo_server *server, const char *name, ufo_populate_fn populate)
{
    ufo_config *config = ufo_config_new();
    const int done = ufo_config_set_elements(config, count, 8) == UFO_OK
                     && ufo_config_set_populate(config, populate, NULL, NULL) == UFO_OK
                     && ufo_server_publish(server, name, config) == UFO_OK;
    ufo_config_free(config);
    return done;
}

int main(int arguments, char **argument)
{
    if (arguments != 2) {
        fprintf(stderr, "usage: service <socket>\n");
        return 2;
    }
    ufo_core_config *limits = ufo_core_config_new();
    ufo_core_config_set_budget(limits, budget);
    ufo_core *core = ufo_core_new(limits);
    ufo_core_config_free(limits);
    if (core
        && ((ufo_core_features(core) & UFO_FEATURE_POISON) == 0 || ufo_core_delivery(core) != UFO_DELIVERY_THREAD)) {
        fprintf(stderr, "skipped: a service needs userfaultfd, and poison (Linux 6.6)\n");
        return 77;
    }
    ufo_server_config *config = ufo_server_config_new();
    ufo_server_config_set_path(config, argument[1]);
    ufo_server_config_set_admit_later(config, 1);
    ufo_server *server = core ? ufo_server_new(core, config) : NULL;
    ufo_server_config_free(config);
    if (!server) {
        fprintf(stderr, "no service: %s\n", ufo_last_error());
        return 1;
    }
    if (!publish(server, "values", values) || !publish(server, "halves", halves) || !publish(server, "failing", failing)
        || !publish(server, "deadly", deadly) || ufo_server_admit(server) != UFO_OK) {
        fprintf(stderr, "not published: %s\n", ufo_last_error());
        return 1;
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    _exit(0);
}
