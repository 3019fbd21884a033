// SPDX-License-Identifier: MIT
// Bounds what of a file waits in memory to be on the disk.  A control group with a limit counts these pages, and on a slow disk the kernel would rather
// kill somebody than wait for them (version 1, seen with 6.18: a write itself needs memory, and may not wait for other writes then).
#pragma once

#include "file.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ufomem::kernel {

class WritePace {
  public:
    /// At most so many bytes wait; 0: as many as the kernel likes.
    explicit WritePace(std::uint64_t most = most_waiting()) : half_(most / 2) {}

    /// After each write, by any thread: may wait for earlier ones.
    void note(const File &file, std::size_t size) noexcept;

    /// A thirty-second part of the tightest limit of a control group above this process; 0 if there is none.
    static std::uint64_t most_waiting() noexcept;

  private:
    const std::uint64_t half_;
    std::atomic<std::uint64_t> written_{0}; // since the last look at the disk
};

} // namespace ufomem::kernel
