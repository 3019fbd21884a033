// SPDX-License-Identifier: MIT
#include "objects.hpp"

#include "array.hpp"

#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace torture {

CoreOwner make_core(Pass &pass, std::size_t budget, const ConfigureCore &more)
{
    return CoreOwner(pass.make<ufo_core>("ufo_core_new", [&]() -> ufo_core * {
        ufo_core_config *config = ufo_core_config_new();
        if (!config)
            return nullptr;
        ufo_status status = ufo_core_config_set_budget(config, budget);
        if (status == UFO_OK)
            status = ufo_core_config_set_spill_dir(config, pass.folder().c_str());
        if (status == UFO_OK && more)
            status = more(config);
        ufo_core *core = status == UFO_OK ? ufo_core_new(config) : nullptr;
        ufo_core_config_free(config);
        return core;
    }));
}

RegionOwner make_region(Pass &pass, ufo_core *core, std::size_t elements, std::size_t element_size,
                        std::size_t chunk_bytes, const Configure &more)
{
    return RegionOwner(pass.make<ufo>("ufo_new", [&]() -> ufo * {
        ufo_config *config = ufo_config_new();
        if (!config)
            return nullptr;
        ufo_status status = ufo_config_set_elements(config, elements, element_size);
        if (status == UFO_OK)
            status = ufo_config_set_chunk(config, chunk_bytes / element_size);
        if (status == UFO_OK && more)
            status = more(config);
        ufo *region = status == UFO_OK ? ufo_new(core, config) : nullptr;
        ufo_config_free(config);
        return region;
    }));
}

WorkFile::WorkFile(Pass &pass, std::size_t words) : path_(pass.folder() + "/torture-XXXXXX")
{
    descriptor_ = mkstemp(path_.data());
    std::vector<std::uint64_t> content(words);
    for (std::size_t i = 0; i < words; ++i)
        content[i] = mixed_word(i);
    if (descriptor_ < 0 || ::write(descriptor_, content.data(), words * 8) != static_cast<ssize_t>(words * 8))
        pass.note(Violation::broken, "the test cannot make its file %s", path_.c_str());
}

WorkFile::~WorkFile()
{
    close(descriptor_);
    unlink(path_.c_str());
}

std::uint64_t WorkFile::word(std::size_t index) const
{
    std::uint64_t value = 0;
    if (pread(descriptor_, &value, sizeof value, static_cast<off_t>(index * sizeof value)) != sizeof value)
        return ~std::uint64_t{0};
    return value;
}

} // namespace torture
