// SPDX-License-Identifier: MIT
// What those bring in who walk through a region in order: it leaves before what is used again, and the newest of it first.  So the frames that a
// walk needs are those that it has just done with, which are still in the processor's cache; and of an array that is walked through again and again,
// and is larger than the memory, a part stays instead of none.
#pragma once

#include "chunk_state.hpp"
#include "resident_queue.hpp"

#include <atomic>
#include <cstddef>

namespace ufomem {

class Walks {
  public:
    explicit Walks(Heap &heap) : queue(heap) {}

    /// A neighbourhood in it is a region.
    ResidentQueue queue;

    /// Memory that walks have, or are about to have.
    std::size_t bytes() const { return queue.bytes() + arriving_.load(std::memory_order_relaxed); }

    /// Bytes on their way in, as long as it lives.
    class Arrival {
      public:
        Arrival(Walks &walks, std::size_t bytes) : walks_(walks), bytes_(bytes)
        {
            walks_.arriving_.fetch_add(bytes_, std::memory_order_relaxed);
        }
        Arrival(const Arrival &) = delete;
        Arrival &operator=(const Arrival &) = delete;
        ~Arrival() { walks_.arriving_.fetch_sub(bytes_, std::memory_order_relaxed); }

      private:
        Walks &walks_;
        const std::size_t bytes_;
    };

    // Time is counted in bytes that left, as in "Workingset detection" of the kernel (mm/workingset.c): what comes back after fewer bytes than
    // walks hold would still be here if something older had left in its place.
    ChunkWord::Bits now() const
    {
        return static_cast<ChunkWord::Bits>(left_.load(std::memory_order_relaxed) / tick_bytes & most_ticks) | 1U;
    }
    void note_left(std::size_t bytes) { left_.fetch_add(bytes, std::memory_order_relaxed); }
    bool is_wanted_again(ChunkWord::Bits left_at) const
    {
        return left_at != 0 && ((now() - left_at) & most_ticks) < queue.bytes() / tick_bytes;
    }

    /// The neighbourhood that grew last.
    std::atomic<std::size_t> latest{0};

  private:
    static constexpr std::size_t tick_bytes = 64 * 1024;
    static constexpr ChunkWord::Bits most_ticks = (1U << ChunkWord::time_bits) - 1;

    std::atomic<std::size_t> arriving_{0};
    std::atomic<std::size_t> left_{0};
};

} // namespace ufomem
