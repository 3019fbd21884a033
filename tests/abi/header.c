/* SPDX-License-Identifier: MIT */
/* The public headers need nothing before them, may be included twice, and are plain C99. */
#include <ufomem/service.h>
#include <ufomem/ufo.h>

static int32_t squares(void *user_data, size_t first, size_t count, void *out)
{
    uint64_t *element = out;
    (void)user_data;
    for (size_t i = 0; i < count; i++)
        element[i] = (uint64_t)(first + i) * (first + i);
    return 0;
}

ufo *squares_new(size_t count);

ufo *squares_new(size_t count)
{
    ufo *region = NULL;
    ufo_config *config = ufo_config_new();
    if (ufo_config_set_elements(config, count, sizeof(uint64_t)) == UFO_OK
        && ufo_config_set_populate(config, squares, NULL, NULL) == UFO_OK)
        region = ufo_new(NULL, config);
    ufo_config_free(config);
    return region;
}
