// SPDX-License-Identifier: MIT
// Those parts of a region's addresses that belong to somebody else, because the program has mapped its own memory there.  Hardly any region has one.
#pragma once

#include "../signal_guard.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

namespace ufomem {

class TakenRanges {
  public:
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
        // Room is made without the lock, which faults take: see heap.hpp.
        std::vector<Range> room;
        for (std::size_t wanted = 8; !add(data, size, room); wanted *= 2)
            try {
                room.reserve(wanted);
            } catch (...) {
                const GuardedLock lock(mutex_);
                all_ = true; // rather give up what is ours than touch what is not
                any_.store(true, std::memory_order_release);
                return;
            }
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
    /// False if it has to be tried again with more room.
    bool add(std::byte *data, std::size_t size, std::vector<Range> &room) noexcept
    {
        const GuardedLock lock(mutex_);
        if (ranges_.size() == ranges_.capacity()) {
            if (room.capacity() <= ranges_.size())
                return false;
            room.assign(ranges_.begin(), ranges_.end());
            ranges_.swap(room);
        }
        ranges_.push_back({data, data + size});
        any_.store(true, std::memory_order_release);
        return true;
    }
    std::atomic<bool> any_{false}; // set under mutex_, for good
    mutable std::mutex mutex_;
    mutable std::vector<Range> ranges_; // guarded by mutex_; in any order
    bool all_ = false;                  // guarded by mutex_
};

} // namespace ufomem
