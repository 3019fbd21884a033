// SPDX-License-Identifier: MIT
// What the kernel tells of memory: how much there is, how much is available, and how long threads waited for it.
#pragma once

#include "pressure_policy.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ufod {

/// Bytes that the machine has, or the tightest limit of a control group above this process if that is less.  `root` stands before /proc and /sys:
/// tests have their own.
std::uint64_t total_memory(const std::string &root = "");

/// Looks at the machine and each limited control group above this process.
class MemoryFigures {
  public:
    explicit MemoryFigures(std::string root = "") : root_(std::move(root)) {}

    /// The first one is the machine.  Threads' waiting counts from the last look on; in the first it is 0.
    std::vector<MemoryRoom> look(std::chrono::steady_clock::time_point now);

  private:
    double stalled(const std::string &pressure_file, std::chrono::steady_clock::time_point now);

    struct Seen {
        std::uint64_t microseconds;
        std::chrono::steady_clock::time_point when;
    };
    const std::string root_;
    std::map<std::string, Seen> seen_; ///< by pressure file
};

} // namespace ufod
