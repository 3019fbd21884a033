// SPDX-License-Identifier: MIT
// How long it takes to fill a chunk of a region: so short a time that nobody else needs to be at hand meanwhile?
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace ufomem {

/// Any thread, any time.  All words are guesses that steer speed alone, so they are relaxed, and a note that gets lost does not matter.
class FillPace {
  public:
    /// Less than it takes to wake somebody who would help.
    static constexpr std::uint32_t short_nanoseconds = 30'000;
    /// So many fills have to go well until a region is trusted again that kept others waiting.
    static constexpr std::uint32_t fills_until_trusted = 1024;

    bool is_short() const noexcept
    {
        return typical_.load(std::memory_order_relaxed) < short_nanoseconds
               && distrust_.load(std::memory_order_relaxed) == 0;
    }

    /// One fill, of several perhaps, took so long.
    void note(std::int64_t nanoseconds) noexcept
    {
        const std::int64_t taken = std::clamp<std::int64_t>(nanoseconds, 0, most_nanoseconds);
        const std::int64_t typical = typical_.load(std::memory_order_relaxed);
        typical_.store(static_cast<std::uint32_t>(typical + (taken - typical) / 8), std::memory_order_relaxed);
        if (const std::uint32_t distrust = distrust_.load(std::memory_order_relaxed); distrust != 0)
            distrust_.store(distrust - 1, std::memory_order_relaxed);
    }

    /// One took so long, or waited for so much itself, that somebody had to step in.
    void note_stuck() noexcept { distrust_.store(fills_until_trusted, std::memory_order_relaxed); }

  private:
    /// So that one slow fill is forgotten after some quick ones.
    static constexpr std::int64_t most_nanoseconds = 1'000'000;

    std::atomic<std::uint32_t> typical_{most_nanoseconds}; // a moving average; to begin with, nothing is known
    std::atomic<std::uint32_t> distrust_{0};
};

} // namespace ufomem
