// SPDX-License-Identifier: MIT
// Those parts of a region's addresses that belong to somebody else, because the program has mapped its own memory there.  Hardly any region has one.
#pragma once

#include "../heap.hpp"
#include "../signal_guard.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

namespace ufomem {

class TakenRanges {
  public:
    /// Faults take the lock under which ranges are added.
    explicit TakenRanges(Heap &heap) : ranges_(heap) {}

    bool any() const noexcept { return any_.load(std::memory_order_acquire); }

    bool meets(const std::byte *data, std::size_t size) const noexcept
    {
        if (!any()) [[likely]]
            return false;
        const GuardedLock lock(mutex_);
        return all_ || std::any_of(ranges_.begin(), ranges_.end(), [&](const Range &range) { return range.begin < data + size && data < range.end; });
    }

    void add(std::byte *data, std::size_t size) noexcept
    {
        const GuardedLock lock(mutex_);
        try {
            ranges_.push_back({data, data + size});
        } catch (...) {
            all_ = true; // rather give up what is ours than touch what is not
        }
        any_.store(true, std::memory_order_release);
    }

    /// Calls visit(data, size) for each part of the range that is not taken.
    template <class Visit> void for_each_other(std::byte *data, std::size_t size, Visit visit) const noexcept
    {
        const GuardedLock lock(mutex_);
        if (all_)
            return;
        std::sort(ranges_.begin(), ranges_.end(), [](const Range &left, const Range &right) { return left.begin < right.begin; });
        std::byte *const end = data + size;
        for (const Range &range : ranges_) {
            if (range.begin > data)
                visit(data, static_cast<std::size_t>(std::min(range.begin, end) - data));
            data = std::max(data, range.end);
            if (data >= end)
                return;
        }
        visit(data, static_cast<std::size_t>(end - data));
    }

  private:
    struct Range {
        std::byte *begin;
        std::byte *end;
    };
    std::atomic<bool> any_{false}; // set under mutex_, for good
    mutable std::mutex mutex_;
    mutable std::vector<Range, HeapAllocator<Range>> ranges_; // guarded by mutex_; in any order
    bool all_ = false;                  // guarded by mutex_
};

} // namespace ufomem
