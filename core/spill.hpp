// SPDX-License-Identifier: MIT
// The private file of a core that keeps changed chunks whose source does not take them.  It has no name, and ends with the core.
#pragma once

#include "free_ranges.hpp"
#include "kernel/file.hpp"
#include "kernel/write_pace.hpp"
#include "status.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

namespace ufomem {

class Spill {
  public:
    using Offset = std::uint64_t;

    Spill(std::string folder, Heap &heap)
        : folder_(std::move(folder)), template_(folder_ + "/ufomem-spill-XXXXXX"), free_(heap)
    {
    }

    /// Writes it to a place of its own.
    Result<Offset> store(const std::byte *data, std::size_t size) noexcept;
    Status load(Offset offset, std::byte *out, std::size_t size) noexcept;
    /// The place, or a part of it, is given back to the file system.
    void release(Offset offset, std::size_t size) noexcept;

    std::uint64_t held_bytes() const { return held_.load(std::memory_order_relaxed); }

  private:
    Status open();
    Result<Offset> reserve(std::size_t size);

    const std::string folder_;
    std::string template_; ///< of a name, where there are no files without one; guarded by mutex_
    std::mutex mutex_;     // for everything but the transfers themselves
    kernel::File file_;
    kernel::WritePace pace_;
    std::atomic<bool> opened_{false};
    FreeRanges free_; // holes, no disk space; behind the last place everything is free
    std::atomic<std::uint64_t> held_{0};
};

} // namespace ufomem
