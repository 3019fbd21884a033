// SPDX-License-Identifier: MIT
// Cores, regions and configurations that free themselves, made in spite of faults.
#pragma once

#include "pass.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace torture {

inline constexpr std::size_t kib = 1024;
inline constexpr std::size_t mib = 1024 * 1024;

struct FreeCore {
    void operator()(ufo_core *core) const { ufo_core_free(core); }
};
struct FreeRegion {
    void operator()(ufo *region) const { ufo_free(region); }
};
using CoreOwner = std::unique_ptr<ufo_core, FreeCore>;
using RegionOwner = std::unique_ptr<ufo, FreeRegion>;

/// Sets what a configuration shall be; it is done anew for each attempt.
using Configure = std::function<ufo_status(ufo_config *)>;
using ConfigureCore = std::function<ufo_status(ufo_core_config *)>;

CoreOwner make_core(Pass &pass, std::size_t budget, const ConfigureCore &more = nullptr);
RegionOwner make_region(Pass &pass, ufo_core *core, std::size_t elements, std::size_t element_size,
                        std::size_t chunk_bytes, const Configure &more = nullptr);

/// A file with mixed_word() all over, gone at the end.
class WorkFile {
  public:
    WorkFile(Pass &pass, std::size_t words);
    WorkFile(const WorkFile &) = delete;
    WorkFile &operator=(const WorkFile &) = delete;
    ~WorkFile();
    const char *path() const { return path_.c_str(); }
    std::uint64_t word(std::size_t index) const;

  private:
    std::string path_;
    int descriptor_ = -1;
};

} // namespace torture
