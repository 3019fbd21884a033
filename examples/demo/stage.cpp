// SPDX-License-Identifier: MIT
#include "stage.hpp"

#include "text.hpp"

namespace demo {

namespace {

ufo_core_stats stats_of(const ufo_core *core)
{
    ufo_core_stats stats = {};
    stats.struct_size = sizeof(stats);
    ufo_core_stats_get(core, &stats);
    return stats;
}

} // namespace

Job::Job(Stage &stage, const std::string &name, std::uint64_t elements, std::size_t element_size, bool lazy) : stage_(stage)
{
    outcome_.job = name;
    outcome_.elements = elements;
    outcome_.bytes = elements * element_size;
    outcome_.lazy = lazy;
    stage_.screen.begin(name, elements, element_size);
    stage_.meter.restart();
    before_ = stats_of(stage_.core);
    start_ = std::chrono::steady_clock::now();
}

void Job::done(std::uint64_t elements)
{
    stage_.screen.update(elements, stage_.meter.last(), stage_.budget);
}

void Job::end(bool ok, const std::string &result)
{
    outcome_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    outcome_.peak = outcome_.lazy ? stage_.meter.peak() : 0;
    outcome_.high_water = stage_.meter.high_water();
    const ufo_core_stats after = stats_of(stage_.core);
    outcome_.faults = after.faults - before_.faults;
    outcome_.evictions = after.evictions - before_.evictions;
    outcome_.spilled = after.spill_written_bytes - before_.spill_written_bytes;

    const bool inside = !outcome_.lazy || outcome_.peak <= stage_.budget + own_memory;
    outcome_.ok = ok && inside;
    const std::string amount = outcome_.bytes > 0 ? size(outcome_.bytes) : grouped(outcome_.elements) + " elements";
    stage_.screen.end(outcome_.ok, format("%s in %.2f s: ", amount.c_str(), outcome_.seconds) + result +
                                       (inside ? "" : ", but the BUDGET WAS EXCEEDED: " + size(outcome_.peak)));
    stage_.outcomes.push_back(outcome_);
}

void fail(Stage &stage, const std::string &what, const std::string &reason)
{
    stage.screen.begin(what, 0, 0);
    stage.screen.end(false, reason);
    stage.outcomes.push_back({.job = what});
}

} // namespace demo
