// SPDX-License-Identifier: MIT
// The state of one chunk in one word.  Whoever moves a chunk into a transitional state (filling, leaving, cleaning) owns it until
// he publishes the next one; everybody else waits, or goes away.
//
//   absent --> filling --> resident --> leaving --> absent | parked
//   parked --> filling        ^------------'  (a write-back failed)
//   resident --> filling  (it joins its extent, which is on its way in)
//   filling -> failed | absent        failed --> absent (reset)
//
// A word that says nothing is sealed while its page is given back (chunk_table.hpp), which nobody but the table sees.
#pragma once

#include <cstdint>

namespace ufomem {

enum class ChunkState : std::uint32_t {
    absent,   ///< not in memory
    filling,  ///< one thread brings it in
    resident, ///< readable at its address
    leaving,  ///< one thread takes it out
    parked,   ///< not at its address, but its frame still holds the content
    failed,   ///< could not be filled; stays so until reset
};

class ChunkWord {
  public:
    using Bits = std::uint32_t;

    static constexpr Bits dirty = 1U << 3;    ///< differs from source and spill
    static constexpr Bits spilled = 1U << 4;  ///< the spill file holds its content
    static constexpr Bits poisoned = 1U << 5; ///< some of its addresses raise a signal; to be mended before the next install
    static constexpr Bits waiters = 1U << 6;  ///< somebody wants to be woken at the end of the transition
    static constexpr Bits queued = 1U << 7;   ///< stands in the resident queue
    static constexpr Bits cleaning = 1U << 8; ///< resident, protected, being written out

    // Holds are the library's own, for the length of a copy; pins are the user's.  These only exist on resident chunks, so
    // a parked chunk keeps the number of its frame in their place, and one that left with a walk the time when it did.
    static constexpr Bits one_hold = 1U << 9;
    static constexpr Bits holds_mask = 0x7fU << 9;
    static constexpr Bits one_pin = 1U << 16;
    static constexpr Bits pins_mask = 0x7fffU << 16;
    /// Of a resident chunk: it came with its extent, and leaves with it.  Wherever this is set, the extent stands in a queue of those that may leave, or somebody
    /// has it in hand who takes it from there.
    static constexpr Bits in_extent = 1U << 31;
    static constexpr unsigned frame_shift = 9;
    static constexpr Bits most_frames = 1U << (32 - frame_shift);
    static constexpr unsigned time_bits = 32 - frame_shift;

    // Code outside the library may hold a resident chunk, too: where `word & outside_mask` is `outside_resident`, a compare-and-swap adds one_hold.
    // It may store to the chunk if that is dirty.  The top bit of the count keeps it from running over.
    /// Of a resident chunk, where nothing is poisoned: nobody outside may hold it, as stores would still fault, somebody waits for the last
    /// hold to end, or the region is being freed.
    static constexpr Bits shut = poisoned;
    static constexpr Bits outside_mask = 7U | cleaning | shut | 0x40U << 9;
    static constexpr Bits outside_resident = static_cast<Bits>(ChunkState::resident);

    /// In the place of the state: the chunk is absent, and the word does not change any more.
    static constexpr Bits seal = 7;

    constexpr explicit ChunkWord(Bits bits = 0) : bits_(bits) {}
    constexpr Bits bits() const { return bits_; }

    constexpr ChunkState state() const { return static_cast<ChunkState>(bits_ & state_mask); }
    constexpr bool is(ChunkState state) const { return this->state() == state; }
    constexpr bool has(Bits flag) const { return (bits_ & flag) != 0; }
    constexpr Bits holds() const { return is(ChunkState::resident) ? (bits_ & holds_mask) / one_hold : 0; }
    constexpr Bits pins() const { return is(ChunkState::resident) ? (bits_ & pins_mask) / one_pin : 0; }
    constexpr Bits frame() const { return bits_ >> frame_shift; }
    /// When an absent chunk left; 0: not known.
    constexpr Bits left_at() const { return is(ChunkState::absent) ? bits_ >> frame_shift : 0; }

    /// The same chunk in another state, without holds, pins, extent and frame; the flags stay, but for what only a resident chunk can be.
    constexpr ChunkWord to(ChunkState state) const
    {
        const Bits stay = is(ChunkState::resident) && state != ChunkState::resident ? flags_mask & ~shut : flags_mask;
        return ChunkWord((bits_ & stay) | static_cast<Bits>(state));
    }
    constexpr ChunkWord parked_in(Bits frame) const { return ChunkWord(to(ChunkState::parked).bits_ | frame << frame_shift); }
    constexpr ChunkWord absent_since(Bits time) const { return ChunkWord(to(ChunkState::absent).bits_ | time << frame_shift); }
    constexpr ChunkWord with(Bits flags) const { return ChunkWord(bits_ | flags); }
    constexpr ChunkWord without(Bits flags) const { return ChunkWord(bits_ & ~flags); }
    constexpr ChunkWord plus(Bits unit) const { return ChunkWord(bits_ + unit); }
    constexpr ChunkWord minus(Bits unit) const { return ChunkWord(bits_ - unit); }

    /// Nothing is known of the chunk but, perhaps, when it left.
    constexpr bool says_nothing() const { return (bits_ & (state_mask | flags_mask)) == 0; }
    constexpr bool is_sealed() const { return (bits_ & seal) == seal; }

    /// Ends in a wake-up: nobody may count on it staying.
    constexpr bool in_transition() const { return is(ChunkState::filling) || is(ChunkState::leaving) || cleaning_now(); }
    constexpr bool cleaning_now() const { return is(ChunkState::resident) && has(cleaning); }
    constexpr bool can_hold() const { return is(ChunkState::resident) && !has(cleaning) && holds() < holds_mask / one_hold; }
    constexpr bool can_leave() const { return is(ChunkState::resident) && (bits_ & (cleaning | holds_mask | pins_mask)) == 0; }
    /// It is in memory, and may be taken as it is into its extent, which is on its way in: unchanged, and used by nobody who counts on its place.
    constexpr bool can_join() const
    {
        const bool alone = can_leave() && (bits_ & (dirty | in_extent)) == 0;
        return (alone || is(ChunkState::parked)) && !has(poisoned);
    }
    constexpr bool leaves_with_extent() const { return is(ChunkState::resident) && has(in_extent); }
    /// Stores reach the memory without a fault.
    constexpr bool takes_stores() const { return has(dirty) && !has(shut); }
    constexpr bool can_clean() const { return is(ChunkState::resident) && (bits_ & (cleaning | holds_mask)) == 0; }

  private:
    static constexpr Bits state_mask = 7;
    static constexpr Bits flags_mask = dirty | spilled | poisoned | waiters | queued | cleaning;
    Bits bits_;
};

} // namespace ufomem
