// SPDX-License-Identifier: MIT
// Bounds what of a file is on its way between memory and disk.  A control group with a limit counts these pages, and on a slow disk the kernel would rather
// kill somebody than wait for them (version 1, seen with 6.18: a write itself needs memory, and may not wait for other writes then; and pages that are being
// read are locked, and passed over).
#pragma once

#include "file.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ufomem::kernel {

class TransferPace {
  public:
    /// At most so many bytes wait; 0: as many as the kernel likes.
    explicit TransferPace(std::uint64_t most = most_waiting()) : half_(most / 2) {}

    /// So many bytes at most should be read by one call.
    std::size_t most_read() const { return half_ == 0 ? SIZE_MAX : 256 * 1024; }
    /// After each write, by any thread: may wait for earlier ones.
    void note(const File &file, std::size_t size) noexcept;

    /// A thirty-second part of the tightest limit of a control group above this process; 0 if there is none.
    static std::uint64_t most_waiting() noexcept;

  private:
    const std::uint64_t half_;
    std::atomic<std::uint64_t> written_{0}; // since the last look at the disk
};

} // namespace ufomem::kernel
