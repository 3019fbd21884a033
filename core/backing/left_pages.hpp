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
    LeftPages(const LeftPages &) = delete;
    LeftPages &operator=(const LeftPages &) = delete;
    /// All of the region's memory is gone.
    ~LeftPages() { give_back(bytes_); }

    void add(ByteRange pages) noexcept
    {
        const GuardedLock lock(mutex_);
        bytes_ += pages.length;
        remember(pages);
        show();
    }
    /// Of pages that the kernel was asked to take back; it did if they are `gone`.
    void settle(ByteRange pages, bool gone) noexcept
    {
        if (gone)
            frames_.discharge(pages.length);
        else
            add(pages);
    }
    /// Nobody asks for these again.
    void keep(std::size_t bytes) noexcept
    {
        const GuardedLock lock(mutex_);
        bytes_ += bytes;
    }

    /// By who is about to put something into these pages, and has charged for that: they are not left any more.  gone(ByteRange) says whether what is
    /// left of them has made way, now or by what comes in.  False if something has not, which stays left.
    template <class Gone> bool take(ByteRange pages, Gone gone) noexcept
    {
        if (!any_.load(std::memory_order_acquire)) [[likely]]
            return true;
        const GuardedLock lock(mutex_);
        bool all = true;
        for (std::size_t i = 0, last = ranges_.size(); i < last;) {
            const ByteRange left = ranges_[i];
            const std::size_t begin = std::max(left.offset, pages.offset);
            const std::size_t end = std::min(left.end(), pages.end());
            if (begin >= end) {
                ++i;
                continue;
            }
            // The last of those that were not looked at takes its place, and what is remembered comes behind them.
            ranges_[i] = ranges_[--last];
            ranges_.erase(ranges_.begin() + static_cast<std::ptrdiff_t>(last));
            if (left.offset < begin)
                remember({left.offset, begin - left.offset});
            if (end < left.end())
                remember({end, left.end() - end});
            if (gone(ByteRange{begin, end - begin})) {
                give_back(end - begin);
            } else {
                remember({begin, end - begin});
                all = false;
            }
        }
        show();
        return all;
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
            ranges_[next_ % ranges_.size()] = ranges_.back();
            ranges_.pop_back();
            give_back(left.length);
        }
        show();
    }

  private:
    /// Without memory for that they stay charged until the end.
    void remember(ByteRange pages) noexcept
    {
        try {
            ranges_.push_back(pages);
        } catch (...) {
        }
    }
    /// Before the mutex is free again, and not in the middle: who fills the rest of a range that is just being cut must not find that there is none.
    void show() noexcept { any_.store(!ranges_.empty(), std::memory_order_release); }
    void give_back(std::size_t size) noexcept
    {
        bytes_ -= size;
        frames_.discharge(size);
    }

    Frames &frames_;
    std::atomic<bool> any_{false}; // changed under mutex_
    std::mutex mutex_;             // held while the kernel is asked again: who fills something in the region waits for that
    std::vector<ByteRange, HeapAllocator<ByteRange>> ranges_; // guarded by mutex_, as are the rest; in any order
    std::size_t next_ = 0;                                    // to be tried
    std::size_t bytes_ = 0;                                   // charged, also for those that are not remembered
};

} // namespace ufomem
