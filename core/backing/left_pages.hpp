// SPDX-License-Identifier: MIT
// Pages of absent chunks that the kernel did not take back when it was asked to: charged until it does, or until they are used again.
#pragma once

#include "../frames.hpp"
#include "../signal_guard.hpp"
#include "../units.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <vector>

namespace ufomem {

class LeftPages {
  public:
    explicit LeftPages(Frames &frames) : frames_(frames), ranges_(frames.heap()) {}

    void add(ByteRange pages) noexcept
    {
        const GuardedLock lock(mutex_);
        bytes_ += pages.length;
        remember(pages);
    }

    /// By who fills these pages, and has charged for them: they are not left any more.
    void take(ByteRange pages) noexcept
    {
        if (!any_.load(std::memory_order_acquire)) [[likely]]
            return;
        const GuardedLock lock(mutex_);
        for (std::size_t i = 0; i < ranges_.size();) {
            const ByteRange left = ranges_[i];
            const std::size_t begin = std::max(left.offset, pages.offset);
            const std::size_t end = std::min(left.end(), pages.end());
            if (begin >= end) {
                ++i;
                continue;
            }
            forget(i);
            give_back(end - begin);
            if (left.offset < begin)
                remember({left.offset, begin - left.offset});
            if (end < left.end())
                remember({end, left.end() - end});
        }
    }

    /// A few of them; again(ByteRange) says whether they are gone now.
    template <class Again> void try_again(Again again) noexcept
    {
        constexpr std::size_t most = 4;
        if (!any_.load(std::memory_order_acquire)) [[likely]]
            return;
        const GuardedLock lock(mutex_);
        for (std::size_t tries = std::min(most, ranges_.size()); tries > 0; --tries) {
            const ByteRange left = ranges_[next_ % ranges_.size()];
            if (!again(left)) {
                ++next_;
                continue;
            }
            forget(next_ % ranges_.size());
            give_back(left.length);
        }
    }

    /// All of the region's memory is gone.
    void end() noexcept
    {
        const GuardedLock lock(mutex_);
        ranges_.clear();
        give_back(bytes_);
        any_.store(false, std::memory_order_release);
    }

  private:
    /// Without memory for that they stay charged until the end.
    void remember(ByteRange pages) noexcept
    {
        try {
            ranges_.push_back(pages);
            any_.store(true, std::memory_order_release);
        } catch (...) {
        }
    }
    void forget(std::size_t index) noexcept
    {
        ranges_[index] = ranges_.back();
        ranges_.pop_back();
        any_.store(!ranges_.empty(), std::memory_order_release);
    }
    void give_back(std::size_t size) noexcept
    {
        bytes_ -= size;
        frames_.discharge(size);
    }

    Frames &frames_;
    std::atomic<bool> any_{false}; // changed under mutex_
    std::mutex mutex_;             // held while the kernel is asked again: who fills such pages waits for that
    std::vector<ByteRange, HeapAllocator<ByteRange>> ranges_; // guarded by mutex_, as are the rest; in any order
    std::size_t next_ = 0;                                    // to be tried
    std::size_t bytes_ = 0;                                   // charged, also for those that could not be remembered
};

} // namespace ufomem
