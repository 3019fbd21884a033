// SPDX-License-Identifier: MIT
// Who leaves next: resident chunks in the order in which they came.  Neighbours stand in the same shard, so that they leave together.
// Pinned chunks are not in it; the last unpin puts them back.
#pragma once

#include "handle.hpp"
#include "heap.hpp"
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
    explicit ResidentQueue(Heap &heap) : shards_(heap) {}

    /// `neighbourhood` is the same for chunks that should leave together.  False if there is no memory.
    bool push(const Candidate &candidate, std::size_t neighbourhood)
    {
        return shards_.with_any(neighbourhood, [&](Shard &shard) {
            try {
                shard.candidates.push_back(candidate);
            } catch (...) {
                return false;
            }
            shard.count(shard.bytes.load(std::memory_order_relaxed) + candidate.bytes);
            return true;
        });
    }

    /// Takes the oldest of one shard, until they make up `bytes`; the shards take turns.
    std::span<Candidate> pop(std::span<Candidate> room, std::size_t bytes)
    {
        std::size_t count = 0;
        std::size_t taken = 0;
        bool all_seen = false;
        shards_.until(turn_.fetch_add(1, std::memory_order_relaxed), all_seen, [&](Shard &shard) {
            while (count < room.size() && taken < bytes && !shard.candidates.empty()) {
                taken += shard.candidates.front().bytes;
                room[count++] = shard.candidates.front();
                shard.candidates.pop_front();
            }
            shard.count(shard.bytes.load(std::memory_order_relaxed) - taken);
            return count != 0;
        });
        return room.first(count);
    }

    /// Copies the newest of a neighbourhood, the newest first, for remove(): they stay where they are.
    std::span<Candidate> newest(std::size_t neighbourhood, std::span<Candidate> room)
    {
        std::size_t count = 0;
        bool all_seen = false;
        shards_.until(neighbourhood, all_seen, [&](Shard &shard) {
            for (auto candidate = shard.candidates.rbegin();
                 candidate != shard.candidates.rend() && count < room.size(); ++candidate)
                room[count++] = *candidate;
            return count != 0;
        });
        return room.first(count);
    }

    /// False if somebody else has taken it.
    bool remove(std::size_t neighbourhood, const Candidate &wanted)
    {
        bool all_seen = false;
        return shards_.until(neighbourhood, all_seen, [&](Shard &shard) {
            const auto found = std::find(shard.candidates.rbegin(), shard.candidates.rend(), wanted);
            if (found == shard.candidates.rend())
                return false;
            shard.candidates.erase(std::prev(found.base()));
            shard.count(shard.bytes.load(std::memory_order_relaxed) - wanted.bytes);
            return true;
        });
    }

    /// Drops what no longer means anything; keep(candidate) must not take locks.
    template <class Keep> void compact(Keep keep)
    {
        bool all_seen = false;
        shards_.until(0, all_seen, [&](Shard &shard) {
            std::size_t bytes = 0;
            std::erase_if(shard.candidates, [&](const Candidate &candidate) {
                const bool stale = !keep(candidate);
                bytes += stale ? 0 : candidate.bytes;
                return stale;
            });
            shard.count(bytes);
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

    std::size_t size() const
    {
        return shards_.sum([](const Shard &shard) { return shard.size.load(std::memory_order_relaxed); });
    }
    std::size_t bytes() const
    {
        return shards_.sum([](const Shard &shard) { return shard.bytes.load(std::memory_order_relaxed); });
    }

  private:
    struct Shard {
        explicit Shard(Heap &heap) : candidates(heap) {}
        std::deque<Candidate, HeapAllocator<Candidate>> candidates;
        // Of the candidates: written by who holds the shard's lock, read by anybody.
        std::atomic<std::size_t> size{0};
        std::atomic<std::size_t> bytes{0};
        void count(std::size_t bytes_now)
        {
            size.store(candidates.size(), std::memory_order_relaxed);
            bytes.store(bytes_now, std::memory_order_relaxed);
        }
    };
    Sharded<Shard> shards_;
    std::atomic<std::size_t> turn_{0};
    std::atomic<std::size_t> stale_{0};
};

} // namespace ufomem
