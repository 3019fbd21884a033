// SPDX-License-Identifier: MIT
// The frames of one size.  A *slot* is a place in the pool's address space; it is a frame when there are pages in it.  Pages are moved
// out of a slot into a region, and back into any empty slot, and so never have to be allocated or zeroed again.
#pragma once

#include "chunk_state.hpp"
#include "heap.hpp"
#include "kernel/memory.hpp"
#include "kernel/userfaultfd.hpp"
#include "sharded.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace ufomem {

class FrameClass;

/// A slot in somebody's hands.
struct Frame {
    FrameClass *frames = nullptr;
    std::uint32_t slot = 0;
    std::byte *data = nullptr;
    explicit operator bool() const { return data != nullptr; }
};

class FrameClass {
  public:
    /// Large frames take long to fill: there is no crowd at their lists, and the one that was used last is wanted by whichever processor.
    static constexpr std::size_t least_shared_bytes = 256 * 1024;

    /// `pool` takes part in moves; without it slots are just staging memory.
    FrameClass(std::size_t frame_bytes, const kernel::Userfaultfd *pool, Heap &heap);

    std::size_t frame_bytes() const { return frame_bytes_; }

    /// A frame whose content means nothing, the one that was given back last: it may be in the cache.  None if there is none.
    Frame take_recycled() noexcept;
    /// A slot without pages; grows the pool if need be.
    Result<Frame> take_empty() noexcept;
    void give_recycled(const Frame &frame) noexcept;
    void give_empty(const Frame &frame) noexcept;

    // Parking: the frame keeps the content of an evicted chunk until it is rescued or reused.  First prepared, then published in
    // the chunk's word, then linked: from the second step on the chunk can be rescued.
    void prepare_parking(const Frame &frame, std::atomic<ChunkWord::Bits> &owner) noexcept;
    void link_parked(const Frame &frame) noexcept;
    /// By the owner, who took the chunk out of the parked state before: the frame, unless it is being reused.  Afterwards nobody looks
    /// at the owner's word any more.
    Frame rescue(std::uint32_t slot, const std::atomic<ChunkWord::Bits> &owner) noexcept;
    /// The oldest parked frame; its chunk is absent from now on.
    Frame take_parked() noexcept;

    std::size_t parked() const { return parked_count_.load(std::memory_order_relaxed); }
    std::size_t recycled() const { return recycled_count_.load(std::memory_order_relaxed); }

    FrameClass *next = nullptr; ///< the list of all classes; written once, before publication

  private:
    // Who may do what with a slot.  A slot that was rescued still stands in the parked list, until it comes to its head.
    enum class Use : std::uint64_t {
        owned,          ///< in somebody's hands, or in the list of empty or recycled slots
        parked,         ///< holds the content of an evicted chunk
        detaching,      ///< taken for reuse; the chunk's word is being told
        rescued,        ///< in the hands of a rescuer, and still listed
        listed_empty,   ///< given back by the rescuer, and still listed
        listed_recycled ///< likewise, with pages
    };
    static constexpr std::uint32_t end_of_list = UINT32_MAX;

    using OwnerWord = std::atomic<ChunkWord::Bits>;

    /// The use of a slot, and while it is parked or being detached the chunk that it belongs to: in one word, so that a rescuer who comes
    /// late cannot take the slot for his own when it is parked again for another chunk.
    class State {
      public:
        constexpr State(Use use = Use::owned) : bits_(static_cast<std::uint64_t>(use)) {}
        State(Use use, const OwnerWord &owner)
            : bits_(reinterpret_cast<std::uint64_t>(&owner) << use_bits | static_cast<std::uint64_t>(use))
        {
        }
        Use use() const { return static_cast<Use>(bits_ & ((1U << use_bits) - 1)); }
        OwnerWord &owner() const { return *reinterpret_cast<OwnerWord *>(bits_ >> use_bits); }

      private:
        static constexpr unsigned use_bits = 3; // addresses of user space leave more than that at the top
        std::uint64_t bits_;
    };

    struct Slot {
        std::atomic<State> state{State()};
        std::uint32_t next = end_of_list; // guarded by the list that it stands in
    };
    struct List {
        std::uint32_t head = end_of_list;
        std::uint32_t tail = end_of_list;
    };
    struct Segment {
        Segment(std::size_t count, Heap &heap) : slots(count, heap) {}
        kernel::Mapping memory;
        std::vector<Slot, HeapAllocator<Slot>> slots;
    };
    static constexpr std::size_t most_segments = 1024;

    Slot &slot(std::uint32_t index) const
    {
        return segments_[index / slots_per_segment_].load(std::memory_order_acquire)->slots[index % slots_per_segment_];
    }
    std::byte *data(std::uint32_t index) const
    {
        return segments_[index / slots_per_segment_].load(std::memory_order_acquire)->memory.data()
               + index % slots_per_segment_ * frame_bytes_;
    }
    Frame frame(std::uint32_t index) { return {this, index, data(index)}; }
    std::size_t shard_hint() const { return frame_bytes_ < least_shared_bytes ? this_cpu() : 0; }
    void push(Sharded<List> &lists, std::uint32_t index) noexcept;
    void push_first(Sharded<List> &lists, std::uint32_t index) noexcept;
    std::uint32_t pop(Sharded<List> &lists) noexcept;
    bool still_listed(const Frame &frame, Use now) noexcept;
    Status grow() noexcept;

    const std::size_t frame_bytes_;
    const kernel::Userfaultfd *const pool_;
    Heap &heap_;
    const std::uint32_t slots_per_segment_;
    Sharded<List> empty_;
    Sharded<List> recycled_;
    Sharded<List> parked_;
    std::atomic<std::size_t> recycled_count_{0};
    std::atomic<std::size_t> parked_count_{0};
    std::mutex growing_;
    std::size_t segment_count_ = 0; // guarded by growing_
    std::array<std::atomic<Segment *>, most_segments> segments_{};
    std::array<HeapPointer<Segment>, most_segments> owned_segments_; // guarded by growing_
};

} // namespace ufomem
