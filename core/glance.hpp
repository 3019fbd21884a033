// SPDX-License-Identifier: MIT
// Calls on a few bytes that are in memory already: they write to nothing that other threads write to, so that they take the same few nanoseconds however
// many threads call.  Such a call announces itself in a place of its thread; whoever wants to take a chunk, or to end a region, looks at all places.
//
// A glance lasts for a copy of a few bytes.  It never waits, and what it cannot do at once is left to the ordinary way in, which counts (handle.hpp).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>

namespace ufomem {

class AnyRegion;
class RegionHandle;

class Glances {
  public:
    static constexpr std::size_t most_bytes = 64;

    /// A glance of the calling thread itself is one that a signal has interrupted: it goes on when the handler is done, and is at the chunk that it
    /// has a word of, or at none.
    enum class Own : bool { does_not_count, counts };
    /// Whether somebody looks at the chunk of this word in the region of the handle, or may be about to.  Asked by who has just taken the chunk: if not, nobody
    /// will before he gives it back.
    static bool meet(const RegionHandle *handle, const void *word, Own own) noexcept;
    /// Whether anybody glances at the region.
    static bool any(const RegionHandle *handle) noexcept;
    /// For who has closed the handle: until nobody looks at its region any more.
    static void wait_for_end(const RegionHandle *handle) noexcept;

    /// In a forked child, where only the thread that forked goes on.
    static void forget_other_threads() noexcept;

  private:
    friend class Glance;
    static constexpr std::size_t most_threads = 256; // the others go the ordinary way

    // Written by their thread alone.  To begin with `handle` is stored, and a word of the region is looked at afterwards; who takes a chunk, or closes a
    // handle, stores that first, and looks at `handle` afterwards.  All four are sequentially consistent, so one of the two sees the other.
    struct alignas(64) Place {
        std::atomic<const RegionHandle *> handle{nullptr}; ///< null: no glance
        std::atomic<const void *> word{nullptr}; ///< of the chunk; null: not known yet.  Never from a former glance
        std::atomic<bool> taken{false};
    };

    static Place *take_place() noexcept;
    static void give_place(void *place) noexcept;

    static std::array<Place, most_threads> places_;
    static std::atomic<std::size_t> used_; // of the places, as many as ever were
};

/// The most frequent size without a call.
inline void copy_few(void *to, const void *from, std::size_t size) noexcept
{
    if (size == 8)
        std::memcpy(to, from, 8);
    else
        std::memcpy(to, from, size);
}

/// The announcement of one.
class Glance {
  public:
    /// Finds an open region behind the handle, or nothing.
    explicit Glance(RegionHandle *handle) noexcept;
    Glance(const Glance &) = delete;
    Glance &operator=(const Glance &) = delete;
    ~Glance()
    {
        if (!place_)
            return;
        place_->word.store(nullptr, std::memory_order_relaxed);
        place_->handle.store(nullptr, std::memory_order_release);
    }

    /// Null if this has to be done the ordinary way.
    AnyRegion *region() const noexcept { return region_; }
    /// Before the word is looked at.
    void at(const void *word) noexcept
    {
        place_->word.store(word, std::memory_order_relaxed);
        std::atomic_signal_fence(std::memory_order_seq_cst); // a signal's handler finds it before the word is looked at
    }

  private:
    Glances::Place *place_ = nullptr;
    AnyRegion *region_ = nullptr;
};

} // namespace ufomem
