// SPDX-License-Identifier: MIT
// A container split into shards, each with a lock of its own, so that no lock is common to all chunks.
#pragma once

#include "spin.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include <sched.h>

namespace ufomem {

template <class Shard, std::size_t N = 8> class Sharded {
  public:
    static constexpr std::size_t count = N;

    /// Each shard is made of the same arguments.
    template <class... Arguments> explicit Sharded(Arguments &...arguments)
        : Sharded(std::make_index_sequence<N>(), arguments...)
    {
    }
    Sharded(const Sharded &) = delete;
    Sharded &operator=(const Sharded &) = delete;

    /// Runs use(shard) on the first shard that is free, from `hint` on.
    template <class Use> auto with_any(std::size_t hint, Use use)
    {
        for (;; sched_yield()) {
            for (std::size_t i = 0; i < N; ++i) {
                Cell &cell = cells_[(hint + i) % N];
                if (!cell.lock.try_lock())
                    continue;
                const Guard guard{cell.lock};
                return use(cell.shard);
            }
        }
    }

    /// Runs use(shard) on every shard from `hint` on, until one returns true.  A shard that is taken is waited for at most a while:
    /// returns false with `all_seen` false if one was passed over.
    template <class Use> bool until(std::size_t hint, bool &all_seen, Use use)
    {
        all_seen = true;
        for (std::size_t i = 0; i < N; ++i) {
            Cell &cell = cells_[(hint + i) % N];
            if (!lock_for_a_while(cell.lock)) {
                all_seen = false;
                continue;
            }
            const Guard guard{cell.lock};
            if (use(cell.shard))
                return true;
        }
        return false;
    }

    /// The sum of read(shard), which takes no lock: it may look at atomic members only.
    template <class Read> std::size_t sum(Read read) const
    {
        std::size_t sum = 0;
        for (const Cell &cell : cells_)
            sum += read(cell.shard);
        return sum;
    }

  private:
    struct alignas(64) Cell {
        template <class... Arguments> explicit Cell(Arguments &...arguments) : shard(arguments...) {}
        SpinLock lock;
        Shard shard;
    };
    template <std::size_t... I, class... Arguments> explicit Sharded(std::index_sequence<I...>, Arguments &...arguments)
        : cells_{{(static_cast<void>(I), Cell(arguments...))...}}
    {
    }
    struct Guard {
        SpinLock &lock;
        ~Guard() { lock.unlock(); }
    };
    static bool lock_for_a_while(SpinLock &lock)
    {
        for (int attempt = 0; attempt < 64; ++attempt) {
            if (lock.try_lock())
                return true;
            if (attempt >= 16)
                sched_yield();
        }
        return false;
    }
    std::array<Cell, N> cells_;
};

/// Spreads threads over shards.
inline std::size_t this_cpu() { return static_cast<std::size_t>(sched_getcpu()); }

} // namespace ufomem
