/* SPDX-License-Identifier: MIT */
/*
 * A client as people write them: opens an array through the server and adds up its bytes.
 *   reader <socket> file <path>        a file of its own
 *   reader <socket> name <name>        what the server has published
 *   reader <socket> watch <path>       sums again whenever a line comes in; "gone" if the server is
 * Exit codes: 0, 1 with a sentence, 77 if this kernel cannot do it.
 */
#include <ufomem/service.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int failed(void)
{
    fprintf(stderr, "%s\n", ufo_last_error());
    return ufo_last_status() == UFO_ERR_UNSUPPORTED ? 77 : 1;
}

static void print_sum(ufo *region)
{
    const unsigned char *data = ufo_data(region);
    const size_t bytes = ufo_count(region) * ufo_element_size(region);
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes; i++)
        sum += data[i];
    printf("%zu bytes, %" PRIu64 "\n", bytes, sum);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 1;
    const int by_name = strcmp(argv[2], "name") == 0;
    ufo_client *client = ufo_client_connect(argv[1]);
    if (!client)
        return failed();
    ufo_config *config = ufo_config_new();
    if (!by_name) {
        struct stat file;
        if (stat(argv[3], &file) != 0 || ufo_config_set_elements(config, (size_t)file.st_size, 1) != UFO_OK ||
            ufo_config_set_file(config, argv[3], 0, 0) != UFO_OK || ufo_config_set_read_only(config, 1) != UFO_OK)
            return failed();
    }
    if (ufo_config_set_shared(config, client, by_name ? argv[3] : NULL) != UFO_OK)
        return failed();
    ufo *region = ufo_new(NULL, config);
    ufo_config_free(config);
    if (!region)
        return failed();
    print_sum(region);
    if (strcmp(argv[2], "watch") == 0) {
        char line[16];
        while (fgets(line, sizeof line, stdin)) {
            /* The call tells what a load would meet as a signal. */
            if (ufo_touch(region, 0, ufo_count(region)) == UFO_OK) {
                print_sum(region);
            } else {
                puts("gone");
                fflush(stdout);
            }
        }
    }
    ufo_free(region);
    ufo_client_free(client);
    return 0;
}
