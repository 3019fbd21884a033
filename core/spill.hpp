// SPDX-License-Identifier: MIT
// The private file of a core that keeps changed chunks whose source does not take them.  It has no name, and ends with the core.
#pragma once

#include "free_ranges.hpp"
#include "kernel/disk_file.hpp"
#include "status.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace ufomem {

class Spill {
  public:
    using Offset = std::uint64_t;

    Spill(std::string folder, Heap &heap)
        : folder_(std::move(folder)), template_(folder_ + "/ufomem-spill-XXXXXX"), vacant_(heap), free_(heap)
    {
    }

    /// Writes it to a place of its own.
    Result<Offset> store(const std::byte *data, std::size_t size) noexcept;
    Status load(Offset offset, std::byte *out, std::size_t size) noexcept;
    /// The place, or a part of it, may be used again.  By whoever stores to a chunk, in a fault, too: the file system is not asked, which may have its disk discard
    /// what is given back, one piece after the other, and lets nobody write meanwhile.
    void release(Offset offset, std::size_t size) noexcept;
    /// Gives a large piece of what is not used again to the file system; false if there is little of it.  Every now and then, by a thread that nobody waits for.
    bool trim() noexcept;

    /// Whether what is on its way through the page cache counts: where there is a limit.
    bool limited() const { return file_.limited(); }
    /// Whether it should be told now and then how much memory is available: it has something, and can go either way.
    bool heeds() const { return held_bytes() != 0 && opened_.load(std::memory_order_acquire) && file_.has_unbuffered(); }
    void heed(std::uint64_t available) noexcept { file_.heed(available); }

    std::uint64_t held_bytes() const { return held_.load(std::memory_order_relaxed); }

  private:
    Status open();
    Result<Offset> reserve(std::size_t size);
    bool give_back(std::uint64_t beyond) noexcept;
    std::optional<FreeRanges::Range> take_vacant(std::uint64_t beyond) noexcept;
    void punch(Offset offset, std::size_t size) noexcept;
    bool give(FreeRanges &ranges, Offset offset, std::size_t size) noexcept;

    const std::string folder_;
    std::string template_; ///< of a name, where there are no files without one; guarded by mutex_
    std::mutex mutex_;     // for everything but the transfers themselves
    kernel::DiskFile file_;
    std::atomic<bool> opened_{false};
    bool in_memory_ = false; // the file system: what is not used must not take any, not for a moment
    FreeRanges vacant_; // places that still have space on the disk; guarded by mutex_
    FreeRanges free_; // holes, no disk space; behind the last place everything is free; guarded by mutex_
    std::atomic<std::uint64_t> held_{0};
};

} // namespace ufomem
