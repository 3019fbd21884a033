// SPDX-License-Identifier: MIT
// A region's handle outlives the region: it is never given back to malloc, so a late call finds "closed" instead of freed memory.
// One word counts who is inside and says whether the region is open; the last one out after it was closed ends the region.
#pragma once

#include <atomic>
#include <cstdint>

namespace ufomem {

class AnyRegion;
class Region;

enum class Phase : std::uint64_t { unused = 0, open = 1, closing = 2 };

class RegionHandle {
  public:
    RegionHandle() = default;
    RegionHandle(const RegionHandle &) = delete;
    RegionHandle &operator=(const RegionHandle &) = delete;

    /// Makes the handle stand for a region; the caller is inside once.
    void open(AnyRegion *region) noexcept
    {
        region_ = region;
        // Late calls of the handle's former region may be on their way in and out: they stay counted.
        std::uint64_t word = word_.load(std::memory_order_relaxed);
        std::uint64_t next = 0;
        do
            next = ((word >> generation_shift) + 1) << generation_shift | phase_bits(Phase::open) | (users_of(word) + 1ULL);
        while (!word_.compare_exchange_weak(word, next, std::memory_order_acq_rel));
    }

    Phase phase() const noexcept { return phase_of(word_.load(std::memory_order_acquire)); }
    std::uint32_t generation() const noexcept { return static_cast<std::uint32_t>(word_.load(std::memory_order_acquire) >> generation_shift); }
    std::uint32_t users() const noexcept { return static_cast<std::uint32_t>(word_.load(std::memory_order_acquire)); }

    /// Enters an open region, for a call.
    AnyRegion *enter() noexcept
    {
        const std::uint64_t before = word_.fetch_add(1, std::memory_order_acquire);
        if (phase_of(before) == Phase::open) [[likely]]
            return region_;
        leave();
        return nullptr;
    }

    /// The region, if it is open, without entering it: for who has announced himself in another way (glance.hpp).
    AnyRegion *if_open() const noexcept { return phase_of(word_.load()) == Phase::open ? region_ : nullptr; }

    /// Enters a region that may be closing: for faults, evictions and unpins, which its end waits for.
    AnyRegion *enter_closing(std::uint32_t users = 1) noexcept
    {
        std::uint64_t word = word_.load(std::memory_order_acquire);
        while (phase_of(word) != Phase::unused)
            if (word_.compare_exchange_weak(word, word + users, std::memory_order_acquire))
                return region_;
        return nullptr;
    }
    AnyRegion *enter_generation(std::uint32_t generation) noexcept
    {
        std::uint64_t word = word_.load(std::memory_order_acquire);
        while (phase_of(word) != Phase::unused && word >> generation_shift == generation)
            if (word_.compare_exchange_weak(word, word + 1, std::memory_order_acquire))
                return region_;
        return nullptr;
    }

    /// To somebody who is inside already.
    void stay(std::uint32_t users) noexcept { word_.fetch_add(users, std::memory_order_relaxed); }

    /// False if it was closed before.
    bool close() noexcept
    {
        std::uint64_t word = word_.load(std::memory_order_acquire);
        while (phase_of(word) == Phase::open)
            if (word_.compare_exchange_weak(word, (word & ~phase_mask) | phase_bits(Phase::closing))) // before glances are looked for
                return true;
        return false;
    }

    void leave(std::uint32_t users = 1) noexcept
    {
        const std::uint64_t after = word_.fetch_sub(users, std::memory_order_acq_rel) - users;
        if (phase_of(after) == Phase::closing && users_of(after) == 0) [[unlikely]]
            end(after);
    }

    /// Leaves, and ends the closed region, if nobody else is inside; otherwise the caller stays.
    bool leave_as_last(std::uint32_t users) noexcept
    {
        const std::uint64_t word = word_.load(std::memory_order_acquire);
        return phase_of(word) == Phase::closing && users_of(word) == users && end(word, users);
    }

  private:
    // users: bits 0..31, phase: 32..33, generation: 34..63
    static constexpr unsigned generation_shift = 34;
    static constexpr std::uint64_t phase_mask = 3ULL << 32;
    static constexpr std::uint64_t phase_bits(Phase phase) { return static_cast<std::uint64_t>(phase) << 32; }
    static constexpr Phase phase_of(std::uint64_t word) { return static_cast<Phase>((word & phase_mask) >> 32); }
    static constexpr std::uint32_t users_of(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

    /// Of all who see the same word, one ends the region, and says true.
    bool end(std::uint64_t word, std::uint32_t users = 0) noexcept; // any_region.cpp

    std::atomic<std::uint64_t> word_{0};
    AnyRegion *region_ = nullptr;
};

/// A region by handle and generation: tells a region from its successor in the same handle.
struct RegionTicket {
    RegionHandle *handle = nullptr;
    std::uint32_t generation = 0;
    friend bool operator==(const RegionTicket &, const RegionTicket &) = default;
};

/// Whoever holds one is inside, and leaves at the end.  R is Region where the handle can only be that of a core's.
template <class R> class Visit {
  public:
    Visit() = default;
    Visit(RegionHandle *handle, AnyRegion *region) : handle_(handle), region_(region) {}
    Visit(Visit &&other) noexcept : handle_(other.handle_), region_(other.region_) { other.region_ = nullptr; }
    Visit &operator=(Visit &&) = delete;
    ~Visit()
    {
        if (region_)
            handle_->leave();
    }
    explicit operator bool() const { return region_ != nullptr; }
    R *operator->() const { return static_cast<R *>(region_); }
    R &operator*() const { return *static_cast<R *>(region_); }

  private:
    RegionHandle *handle_ = nullptr;
    AnyRegion *region_ = nullptr;
};
using RegionVisit = Visit<Region>;

template <class R = Region> Visit<R> visit(RegionHandle *handle) noexcept { return {handle, handle->enter()}; }
template <class R = Region> Visit<R> visit_closing(RegionHandle *handle) noexcept { return {handle, handle->enter_closing()}; }
inline RegionVisit visit(const RegionTicket &ticket) noexcept { return {ticket.handle, ticket.handle->enter_generation(ticket.generation)}; }

} // namespace ufomem
