// SPDX-License-Identifier: MIT
// What the kernel tells of memory: how much there is, how much is available, and how long threads waited for it; for the machine, and for each control
// group with a limit above this process, of version 1 or 2.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ufomem::kernel {

/// The machine, or a control group with a limit, since one looked last.
struct MemoryRoom {
    std::uint64_t total = 0;     ///< bytes that there are, or the limit
    std::uint64_t available = 0; ///< of them; what can be reclaimed from others counts, our cache does not
    double stalled = 0;          ///< share of the time that some thread waited for memory, 0 to 1
};

// `root` stands before /proc and /sys: tests have their own.

/// Bytes that the machine has, or the tightest limit of a control group above this process if that is less.
std::uint64_t total_memory(const std::string &root = "");

/// Bytes that can still be used: the least of what the machine has available and what each control group above this process leaves.
std::size_t available_memory(const std::string &root = "") noexcept;

/// Where the kernel tells of waiting: for the machine, and for the limited groups of version 2.  Not all of them need exist.
std::vector<std::string> pressure_files(const std::string &root = "");

/// Looks at the machine and each limited control group above this process.  Throws std::bad_alloc.
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

} // namespace ufomem::kernel
