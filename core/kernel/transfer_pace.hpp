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
    /// Of the tightest limit of a control group above this process; 0 if there is none.
    explicit TransferPace(std::uint64_t limit = tightest_limit()) : limit_(limit) {}

    bool limited() const { return limit_ != 0; }
    /// Whether so few bytes are available that nothing should be on its way through the page cache.
    bool too_little(std::uint64_t available) const { return available < limit_ / 16; }
    /// So many bytes at most should be read by one call.
    std::size_t most_read() const { return limited() ? 256 * 1024 : SIZE_MAX; }
    /// After each write, by any thread: may wait for earlier ones.  A thirty-second part of the limit waits at most.
    void note(const File &file, std::size_t size) noexcept;

    static std::uint64_t tightest_limit() noexcept;

  private:
    const std::uint64_t limit_;
    std::atomic<std::uint64_t> written_{0}; // since the last look at the disk
};

} // namespace ufomem::kernel
