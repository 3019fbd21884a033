// SPDX-License-Identifier: MIT
// What all jobs share, and the measuring of one of them.
#pragma once

#include "report.hpp"
#include "resident.hpp"
#include "screen.hpp"

#include <ufomem/ufo.h>

#include <chrono>
#include <memory>

namespace demo {

struct FreeConfig {
    void operator()(ufo_config *config) const { ufo_config_free(config); }
};
struct FreeRegion {
    void operator()(ufo *region) const { ufo_free(region); }
};
struct FreeCore {
    void operator()(ufo_core *core) const { ufo_core_free(core); }
};
using Config = std::unique_ptr<ufo_config, FreeConfig>;
using Region = std::unique_ptr<ufo, FreeRegion>;
using Core = std::unique_ptr<ufo_core, FreeCore>;

struct Stage {
    Screen &screen;
    ResidentMeter &meter;
    ufo_core *core;
    std::uint64_t budget;
    std::vector<Outcome> outcomes;
};

/// Memory beyond the budget that is no fault: the library's tables and the stacks of its threads.
constexpr std::uint64_t own_memory = std::uint64_t{8} << 20;

/// Elements that a job handles between two looks at the clock.
constexpr std::size_t block_bytes = std::size_t{4} << 20;

/// One job, from its construction to end().
class Job {
  public:
    /// A job that goes through `elements` of `element_size` bytes, one after the other.
    Job(Stage &stage, const std::string &name, std::uint64_t elements, std::size_t element_size, bool lazy = true);

    void done(std::uint64_t elements);
    /// Notes how it went, and tells.  `ok` is whether the result was right; `result` says it.
    void end(bool ok, const std::string &result);

  private:
    Stage &stage_;
    Outcome outcome_;
    ufo_core_stats before_ = {};
    std::chrono::steady_clock::time_point start_;
};

/// Reports a job that could not even begin.
void fail(Stage &stage, const std::string &what, const std::string &reason);

} // namespace demo
