// SPDX-License-Identifier: MIT
// Resident chunks for which there was no memory in the queue of those that may leave.  They are remembered without any, and queue up when somebody
// needs their room.
#pragma once

#include "handle.hpp"
#include "signal_guard.hpp"
#include "units.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <span>

namespace ufomem {

class Stragglers {
  public:
    static constexpr std::size_t most = 16;

    /// All of them lie in these chunks of the region, among others.
    struct Stretch {
        RegionTicket region;
        ChunkIndex first;
        ChunkIndex last;
    };
    using Stretches = std::array<Stretch, most>;

    /// False if too many regions have some.
    bool add(const RegionTicket &region, ChunkIndex chunk) noexcept
    {
        const GuardedLock lock(mutex_);
        const auto end = stretches_.begin() + static_cast<std::ptrdiff_t>(count_.load(std::memory_order_relaxed));
        const auto known = std::find_if(stretches_.begin(), end, [&](const Stretch &one) { return one.region == region; });
        if (known == stretches_.end())
            return false;
        if (known == end) {
            *known = {region, chunk, chunk};
            count_.fetch_add(1, std::memory_order_relaxed);
            return true;
        }
        known->first = std::min(known->first, chunk);
        known->last = std::max(known->last, chunk);
        return true;
    }

    /// Whoever takes them sees to it that they queue up.
    std::span<const Stretch> take(Stretches &room) noexcept
    {
        if (count_.load(std::memory_order_relaxed) == 0)
            return {};
        const GuardedLock lock(mutex_);
        const std::size_t count = count_.exchange(0, std::memory_order_relaxed);
        std::copy_n(stretches_.begin(), count, room.begin());
        return std::span(room).first(count);
    }

  private:
    std::mutex mutex_;
    Stretches stretches_{};              // guarded by mutex_
    std::atomic<std::size_t> count_{0};  // changed with mutex_ held
};

} // namespace ufomem
