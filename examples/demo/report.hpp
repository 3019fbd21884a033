// SPDX-License-Identifier: MIT
// What is said before and after the jobs: the machine, what the library got from its kernel, and the table of results.
#pragma once

#include "screen.hpp"

#include <ufomem/ufo.h>

#include <cstdint>
#include <string>
#include <vector>

namespace demo {

/// How one job went.
struct Outcome {
    std::string job;
    std::uint64_t elements = 0;
    std::uint64_t bytes = 0; ///< that the job went through
    double seconds = 0;
    std::uint64_t peak = 0;       ///< resident, sampled
    std::uint64_t high_water = 0; ///< resident, the kernel's mark
    std::uint64_t faults = 0;
    std::uint64_t evictions = 0;
    std::uint64_t spilled = 0;
    bool lazy = true; ///< through the library; else only to compare with
    bool ok = false;
};

void print_introduction(const Screen &screen, const ufo_core *core, std::uint64_t budget);
void print_table(const Screen &screen, const std::vector<Outcome> &outcomes, std::uint64_t budget);

} // namespace demo
