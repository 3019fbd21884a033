// SPDX-License-Identifier: MIT
// How the budget follows memory pressure.  Pure: figures in, a budget out.
//
//   scarce: little memory is available, or there is not much and programs wait for it   -> lower, at once
//   roomy:  enough is available and nobody waits, several times in a row                -> raise, in steps
//   between the two                                                                     -> leave it
//
// Waiting alone is no reason to lower: a control group at its own limit makes the whole machine's figure high while there is plenty of memory.
#pragma once

#include "kernel/memory_figures.hpp"

#include <cstdint>
#include <span>

namespace ufomem {

class PressurePolicy {
  public:
    /// The budget goes from `least` to `most` bytes.
    PressurePolicy(std::uint64_t least, std::uint64_t most) : least_(least), most_(most) {}

    /// What the budget should be, now that it is `budget` and `used` bytes of it are in use.
    std::uint64_t next_budget(std::span<const kernel::MemoryRoom> rooms, std::uint64_t budget, std::uint64_t used);

    std::uint64_t least() const { return least_; }
    std::uint64_t most() const { return most_; }

    static constexpr unsigned calm_looks = 5; ///< in a row, before the budget is raised

  private:
    std::uint64_t least_;
    std::uint64_t most_;
    unsigned calm_ = 0; ///< looks in a row that found nothing but room
};

} // namespace ufomem
