// SPDX-License-Identifier: MIT
// The public header in C++: twice, inside a program that takes function addresses and uses the flags together.
#include <ufomem/service.h>
#include <ufomem/ufo.h>

#include <cstddef>
#include <cstdint>

namespace {

std::int32_t fill(void *, std::size_t, std::size_t, void *) { return 0; }

} // namespace

ufo *make(ufo_core *core, const char *path);

ufo *make(ufo_core *core, const char *path)
{
    ufo_config *config = ufo_config_new();
    const ufo_populate_fn populate = fill;
    ufo_status status = path != nullptr ? ufo_config_set_file(config, path, 0, UFO_FILE_WRITEBACK | UFO_FILE_DIRECT)
                                        : ufo_config_set_populate(config, populate, nullptr, nullptr);
    ufo *region = status == UFO_OK ? ufo_new(core, config) : nullptr;
    ufo_config_free(config);
    return region;
}
