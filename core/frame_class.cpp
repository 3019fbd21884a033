// SPDX-License-Identifier: MIT
#include "frame_class.hpp"

#include "signal_guard.hpp"

#include <algorithm>

#include <sched.h>

namespace ufomem {
namespace {

std::uint32_t slots_for(std::size_t frame_bytes)
{
    constexpr std::size_t segment_bytes = 16 * 1024 * 1024;
    constexpr std::size_t least = 4;
    return static_cast<std::uint32_t>(std::max(least, segment_bytes / frame_bytes));
}

} // namespace

FrameClass::FrameClass(std::size_t frame_bytes, const kernel::Userfaultfd *pool, Heap &heap)
    : frame_bytes_(frame_bytes), pool_(pool), heap_(heap), slots_per_segment_(slots_for(frame_bytes))
{
}

void FrameClass::push(Sharded<List> &lists, std::uint32_t index) noexcept
{
    lists.with_any(shard_hint(), [&](List &list) {
        slot(index).next = end_of_list;
        if (list.tail == end_of_list)
            list.head = index;
        else
            slot(list.tail).next = index;
        list.tail = index;
    });
}

void FrameClass::push_first(Sharded<List> &lists, std::uint32_t index) noexcept
{
    lists.with_any(shard_hint(), [&](List &list) {
        slot(index).next = list.head;
        list.head = index;
        if (list.tail == end_of_list)
            list.tail = index;
    });
}

std::uint32_t FrameClass::pop(Sharded<List> &lists) noexcept
{
    // Whoever holds a lock may have been interrupted: at some time it is better to go without.
    constexpr int most_passes = 100;
    std::uint32_t index = end_of_list;
    bool all_seen = false;
    for (int pass = 0; pass < most_passes && index == end_of_list && !all_seen; ++pass)
        lists.until(shard_hint(), all_seen, [&](List &list) {
            index = list.head;
            if (index == end_of_list)
                return false;
            list.head = slot(index).next;
            if (list.head == end_of_list)
                list.tail = end_of_list;
            return true;
        });
    return index;
}

Frame FrameClass::take_recycled() noexcept
{
    if (recycled() == 0)
        return {};
    const std::uint32_t index = pop(recycled_);
    if (index == end_of_list)
        return {};
    recycled_count_.fetch_sub(1, std::memory_order_relaxed);
    return frame(index);
}

Result<Frame> FrameClass::take_empty() noexcept
{
    for (;;) {
        const std::uint32_t index = pop(empty_);
        if (index != end_of_list)
            return frame(index);
        if (Status status = grow(); !status.ok())
            return status;
    }
}

/// Of a slot in the caller's hands that was rescued, and stands in the parked list yet: its next use is noted there.
bool FrameClass::still_listed(const Frame &frame, Use now) noexcept
{
    std::atomic<State> &state = slot(frame.slot).state;
    State seen = state.load(std::memory_order_acquire);
    return seen.use() == Use::rescued
           && state.compare_exchange_strong(seen, now); // only the list's end turns "rescued" into "owned"
}

void FrameClass::give_recycled(const Frame &frame) noexcept
{
    recycled_count_.fetch_add(1, std::memory_order_relaxed);
    if (still_listed(frame, Use::listed_recycled))
        recycled_count_.fetch_sub(1, std::memory_order_relaxed); // becomes one when the parked list is done with it
    else
        push_first(recycled_, frame.slot);
}

void FrameClass::give_empty(const Frame &frame) noexcept
{
    if (!still_listed(frame, Use::listed_empty))
        push(empty_, frame.slot);
}

void FrameClass::prepare_parking(const Frame &frame, std::atomic<ChunkWord::Bits> &owner) noexcept
{
    slot(frame.slot).state.store(State(Use::parked, owner), std::memory_order_release);
}

void FrameClass::link_parked(const Frame &frame) noexcept
{
    push(parked_, frame.slot);
    parked_count_.fetch_add(1, std::memory_order_relaxed);
}

Frame FrameClass::rescue(std::uint32_t index, const OwnerWord &owner) noexcept
{
    State state(Use::parked, owner);
    if (slot(index).state.compare_exchange_strong(state, Use::rescued))
        return frame(index);
    // Whoever reuses it may still look at the owner's word, which must not go away under him.
    while (state.use() == Use::detaching && &state.owner() == &owner) {
        sched_yield();
        state = slot(index).state.load();
    }
    return {};
}

Frame FrameClass::take_parked() noexcept
{
    while (parked() != 0) {
        const std::uint32_t index = pop(parked_);
        if (index == end_of_list)
            return {};
        parked_count_.fetch_sub(1, std::memory_order_relaxed);
        Slot &popped = slot(index);
        for (State state = popped.state.load();;) {
            switch (state.use()) {
            case Use::parked: {
                OwnerWord &owner = state.owner();
                if (!popped.state.compare_exchange_weak(state, State(Use::detaching, owner)))
                    continue;
                // Unless the owner is just trying to rescue it, in vain.
                ChunkWord word{owner.load()};
                while (word.is(ChunkState::parked) && word.frame() == index) {
                    ChunkWord::Bits bits = word.bits();
                    if (owner.compare_exchange_weak(bits, word.to(ChunkState::absent).bits()))
                        break;
                    word = ChunkWord(bits);
                }
                popped.state.store(Use::owned);
                return frame(index);
            }
            case Use::rescued: // the rescuer will put it into a list himself
                if (!popped.state.compare_exchange_weak(state, Use::owned))
                    continue;
                break;
            case Use::listed_empty:
                popped.state.store(Use::owned);
                push(empty_, index);
                break;
            case Use::listed_recycled:
                popped.state.store(Use::owned);
                return frame(index);
            case Use::owned:
            case Use::detaching:
                break;
            }
            break;
        }
    }
    return {};
}

Status FrameClass::grow() noexcept
{
    const GuardedLock lock(growing_);
    if (segment_count_ == most_segments || (segment_count_ + 1) * slots_per_segment_ > ChunkWord::most_frames)
        return fail(Code::limit, "the pool of %zu byte frames cannot grow any more; use larger chunks", frame_bytes_);
    try {
        HeapPointer<Segment> segment = make_in<Segment>(heap_, slots_per_segment_, heap_);
        const bool huge = frame_bytes_ % kernel::huge_page_size == 0;
        const std::size_t size = frame_bytes_ * slots_per_segment_;
        Result<kernel::Mapping> memory = huge ? kernel::map_private_aligned(size, kernel::Protection::read_write, 0)
                                              : kernel::map_private(size, kernel::Protection::read_write);
        if (!memory.ok())
            return memory.status();
        if (huge)
            kernel::prefer_huge_pages(memory->data(), memory->size());
        if (pool_)
            if (Status status = pool_->watch_as_pool(memory->data(), memory->size()); !status.ok())
                return status;
        segment->memory = std::move(*memory);
        owned_segments_[segment_count_] = std::move(segment);
    } catch (...) {
        return fail(Code::nomem, "no memory for the table of the frame pool");
    }
    segments_[segment_count_].store(owned_segments_[segment_count_].get(), std::memory_order_release);
    const auto first = static_cast<std::uint32_t>(segment_count_ * slots_per_segment_);
    ++segment_count_;
    for (std::uint32_t i = 0; i < slots_per_segment_; ++i)
        push(empty_, first + i);
    return {};
}

} // namespace ufomem
