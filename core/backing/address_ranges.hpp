// SPDX-License-Identifier: MIT
// Parts of a region's addresses with which something is the matter.  Hardly any region has one; some are remembered without memory for them.
#pragma once

#include "../heap.hpp"
#include "../signal_guard.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace ufomem {

/// How to remember a range for which there is no memory.
enum class WithoutMemory : std::uint8_t {
    too_much, ///< with what lies between it and the nearest one
    nothing
};

/// There is always room for `certain` of them.
template <std::size_t certain> class AddressRanges {
  public:
    /// Faults take the lock under which ranges are added.
    explicit AddressRanges(Heap &heap) : others_(heap) {}

    /// Whether there ever was one.
    bool any() const noexcept { return any_.load(std::memory_order_acquire); }

    bool meets(const std::byte *data, std::size_t size) const noexcept
    {
        if (!any()) [[likely]]
            return false;
        const GuardedLock lock(mutex_);
        for (std::size_t i = 0; i < count_; ++i)
            if (at(i).begin < data + size && data < at(i).end)
                return true;
        return false;
    }

    void add(std::byte *data, std::size_t size, WithoutMemory otherwise) noexcept
    {
        const GuardedLock lock(mutex_);
        Range range{data, data + size};
        for (std::size_t i = 0; i < count_;) {
            if (at(i).distance(range) != 0) {
                ++i;
                continue;
            }
            range = at(i).with(range);
            erase(i);
            i = 0; // it may touch others now
        }
        if (!append(range) && otherwise == WithoutMemory::too_much)
            stretch_nearest(range);
        any_.store(true, std::memory_order_release);
    }

    void remove(std::byte *data, std::size_t size) noexcept
    {
        if (!any()) [[likely]]
            return;
        const GuardedLock lock(mutex_);
        std::byte *const end = data + size;
        for (std::size_t i = 0; i < count_;) {
            const Range range = at(i);
            if (range.begin >= end || range.end <= data) {
                ++i;
                continue;
            }
            erase(i);
            if (range.begin < data)
                append({range.begin, data});
            if (range.end > end)
                append({end, range.end});
        }
    }

    /// Calls visit(data, size) for each part of these addresses that is in none of the ranges.
    template <class Visit> void for_each_other(std::byte *data, std::size_t size, Visit visit) const noexcept
    {
        const GuardedLock lock(mutex_);
        std::byte *const end = data + size;
        while (data < end) {
            Range next{end, end}; // the first one that ends behind `data`
            for (std::size_t i = 0; i < count_; ++i)
                if (at(i).end > data && at(i).begin < next.begin)
                    next = at(i);
            if (next.begin > data)
                visit(data, static_cast<std::size_t>(next.begin - data));
            data = next.end;
        }
    }

  private:
    struct Range {
        std::byte *begin;
        std::byte *end;
        std::size_t distance(const Range &other) const
        {
            return static_cast<std::size_t>(std::max({begin - other.end, other.begin - end, std::ptrdiff_t{0}}));
        }
        Range with(const Range &other) const { return {std::min(begin, other.begin), std::max(end, other.end)}; }
    };

    const Range &at(std::size_t i) const { return i < first_.size() ? first_[i] : others_[i - first_.size()]; }
    Range &at(std::size_t i) { return i < first_.size() ? first_[i] : others_[i - first_.size()]; }

    bool append(Range range) noexcept
    {
        try {
            if (count_ >= first_.size())
                others_.push_back(range);
        } catch (...) {
            return false;
        }
        at(count_++) = range;
        return true;
    }
    /// The last one takes its place.
    void erase(std::size_t i) noexcept
    {
        at(i) = at(--count_);
        if (count_ >= first_.size())
            others_.pop_back();
    }
    void stretch_nearest(Range range) noexcept
    {
        std::size_t nearest = 0;
        for (std::size_t i = 1; i < count_; ++i)
            if (at(i).distance(range) < at(nearest).distance(range))
                nearest = i;
        at(nearest) = at(nearest).with(range);
    }

    std::atomic<bool> any_{false}; // set under mutex_, for good
    mutable std::mutex mutex_;
    // Guarded by mutex_; in any order.
    std::array<Range, certain> first_{};
    std::vector<Range, HeapAllocator<Range>> others_;
    std::size_t count_ = 0;
};

} // namespace ufomem
