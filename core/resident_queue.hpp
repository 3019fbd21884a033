// SPDX-License-Identifier: MIT
// Who leaves next: resident chunks in the order in which they came.  Neighbours stand in the same shard, so that they leave together.
// Pinned chunks are not in it; the last unpin puts them back.
#pragma once

#include "handle.hpp"
#include "sharded.hpp"
#include "units.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <span>

namespace ufomem {

/// A chunk, or several neighbours that came together, of a region that may have ended in the meantime.
struct Candidate {
    RegionTicket region;
    ChunkIndex chunk;
    std::size_t bytes = 0;
    std::size_t chunks = 1;
    friend bool operator==(const Candidate &, const Candidate &) = default;
};

class ResidentQueue {
  public:
    /// `neighbourhood` is the same for chunks that should leave together.  False if there is no memory.
    bool push(const Candidate &candidate, std::size_t neighbourhood)
    {
        const bool pushed = shards_.with_any(neighbourhood, [&](Shard &shard) {
            try {
                shard.push_back(candidate);
                return true;
            } catch (...) {
                return false;
            }
        });
        if (pushed) {
            size_.fetch_add(1, std::memory_order_relaxed);
            bytes_.fetch_add(candidate.bytes, std::memory_order_relaxed);
        }
        return pushed;
    }

    /// Takes the oldest of one shard, until they make up `bytes`; the shards take turns.
    std::span<Candidate> pop(std::span<Candidate> room, std::size_t bytes)
    {
        std::size_t count = 0;
        std::size_t taken = 0;
        bool all_seen = false;
        shards_.until(turn_.fetch_add(1, std::memory_order_relaxed), all_seen, [&](Shard &shard) {
            while (count < room.size() && taken < bytes && !shard.empty()) {
                taken += shard.front().bytes;
                room[count++] = shard.front();
                shard.pop_front();
            }
            return count != 0;
        });
        size_.fetch_sub(count, std::memory_order_relaxed);
        bytes_.fetch_sub(taken, std::memory_order_relaxed);
        return room.first(count);
    }

    /// Copies the newest of a neighbourhood, the newest first, for remove(): they stay where they are.
    std::span<Candidate> newest(std::size_t neighbourhood, std::span<Candidate> room)
    {
        std::size_t count = 0;
        bool all_seen = false;
        shards_.until(neighbourhood, all_seen, [&](Shard &shard) {
            for (auto candidate = shard.rbegin(); candidate != shard.rend() && count < room.size(); ++candidate)
                room[count++] = *candidate;
            return count != 0;
        });
        return room.first(count);
    }

    /// False if somebody else has taken it.
    bool remove(std::size_t neighbourhood, const Candidate &wanted)
    {
        bool all_seen = false;
        const bool removed = shards_.until(neighbourhood, all_seen, [&](Shard &shard) {
            const auto found = std::find(shard.rbegin(), shard.rend(), wanted);
            if (found == shard.rend())
                return false;
            shard.erase(std::prev(found.base()));
            return true;
        });
        if (removed) {
            size_.fetch_sub(1, std::memory_order_relaxed);
            bytes_.fetch_sub(wanted.bytes, std::memory_order_relaxed);
        }
        return removed;
    }

    /// Drops what no longer means anything; keep(candidate) must not take locks.
    template <class Keep> void compact(Keep keep)
    {
        bool all_seen = false;
        shards_.until(0, all_seen, [&](Shard &shard) {
            const std::size_t dropped = std::erase_if(shard, [&](const Candidate &candidate) {
                const bool stale = !keep(candidate);
                if (stale)
                    bytes_.fetch_sub(candidate.bytes, std::memory_order_relaxed);
                return stale;
            });
            size_.fetch_sub(dropped, std::memory_order_relaxed);
            return false;
        });
    }

    /// So many places mean nothing any more.  True if it is time to compact().
    bool note_stale(std::size_t count)
    {
        constexpr std::size_t negligible = 1024;
        const std::size_t stale = stale_.fetch_add(count, std::memory_order_relaxed) + count;
        if (stale < negligible || stale < size() / 2)
            return false;
        stale_.store(0, std::memory_order_relaxed);
        return true;
    }

    std::size_t size() const { return size_.load(std::memory_order_relaxed); }
    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  private:
    using Shard = std::deque<Candidate>;
    Sharded<Shard> shards_;
    std::atomic<std::size_t> turn_{0};
    std::atomic<std::size_t> size_{0};
    std::atomic<std::size_t> bytes_{0};
    std::atomic<std::size_t> stale_{0};
};

} // namespace ufomem
