// SPDX-License-Identifier: MIT
// The word of a chunk: its state, its flags, and either holds and pins or the number of a parked frame.
#include "unit/unit.hpp"

#include "chunk_state.hpp"

using namespace ufomem;
using Bits = ChunkWord::Bits;

namespace {

constexpr ChunkState states[] = {ChunkState::absent,  ChunkState::filling, ChunkState::resident,
                                 ChunkState::leaving, ChunkState::parked,  ChunkState::failed};
constexpr Bits flags[] = {ChunkWord::dirty,   ChunkWord::spilled, ChunkWord::poisoned,
                          ChunkWord::waiters, ChunkWord::queued,  ChunkWord::cleaning};
constexpr Bits all_flags = ChunkWord::dirty | ChunkWord::spilled | ChunkWord::poisoned | ChunkWord::waiters
                           | ChunkWord::queued | ChunkWord::cleaning;
constexpr Bits most_holds = ChunkWord::holds_mask / ChunkWord::one_hold;
constexpr Bits most_pins = ChunkWord::pins_mask / ChunkWord::one_pin;

ChunkWord in(ChunkState state) { return ChunkWord{}.to(state); }

void the_parts_of_a_word_do_not_overlap(void **)
{
    Bits taken = 7; // the state
    for (const Bits part :
         {flags[0], flags[1], flags[2], flags[3], flags[4], flags[5], ChunkWord::holds_mask, ChunkWord::pins_mask, ChunkWord::in_extent}) {
        assert_int_equal(taken & part, 0);
        taken |= part;
    }
    assert_int_equal(taken, UINT32_MAX);
    // The number of a frame takes the place of what only resident chunks have, and of nothing else.
    assert_int_equal((ChunkWord::most_frames - 1) << ChunkWord::frame_shift,
                     ChunkWord::holds_mask | ChunkWord::pins_mask | ChunkWord::in_extent);
}

void a_table_of_zeros_is_a_table_of_absent_chunks(void **)
{
    const ChunkWord word{0};
    assert_true(word.is(ChunkState::absent));
    for (const Bits flag : flags)
        assert_false(word.has(flag));
    assert_int_equal(word.holds(), 0);
    assert_int_equal(word.pins(), 0);
}

void flags_come_and_go_one_by_one(void **)
{
    for (const ChunkState state : states)
        for (const Bits flag : flags) {
            const ChunkWord with = in(state).with(flag);
            assert_true(with.is(state));
            for (const Bits other : flags)
                assert_int_equal(with.has(other), other == flag);
            assert_int_equal(with.without(flag).bits(), in(state).bits());
        }
}

void another_state_keeps_the_flags_and_forgets_the_counts(void **)
{
    for (const ChunkState from : states)
        for (const ChunkState state : states) {
            ChunkWord before = in(from).with(all_flags);
            if (from == ChunkState::resident)
                before = before.plus(3 * ChunkWord::one_hold).plus(5 * ChunkWord::one_pin).with(ChunkWord::in_extent);
            const ChunkWord after = before.to(state);
            assert_true(after.is(state));
            // What a resident chunk is shut for is over when it is resident no more; others are poisoned by the same bit, and stay so.
            const bool opens = from == ChunkState::resident && state != ChunkState::resident;
            assert_int_equal(after.bits(), in(state).with(opens ? all_flags & ~ChunkWord::shut : all_flags).bits());
        }
}

bool can_be_held_outside(ChunkWord word) { return (word.bits() & ChunkWord::outside_mask) == ChunkWord::outside_resident; }

void holds_from_outside_leave_room_for_others(void **)
{
    for (const ChunkState state : states)
        assert_int_equal(can_be_held_outside(in(state)), state == ChunkState::resident);
    const ChunkWord resident = in(ChunkState::resident);
    for (const Bits flag : flags) {
        const bool keeps_off = flag == ChunkWord::cleaning || flag == ChunkWord::shut;
        assert_int_equal(can_be_held_outside(resident.with(flag)), !keeps_off);
    }
    ChunkWord word = resident.plus(most_pins * ChunkWord::one_pin);
    Bits outside = 0;
    for (; can_be_held_outside(word); ++outside)
        word = word.plus(ChunkWord::one_hold);
    assert_in_range(outside, 1, most_holds / 2 + 1);
    assert_true(word.can_hold());
    assert_int_equal(word.pins(), most_pins);
    assert_false(resident.takes_stores());
    assert_true(resident.with(ChunkWord::dirty).takes_stores());
    assert_false(resident.with(ChunkWord::dirty | ChunkWord::shut).takes_stores());
}

void holds_and_pins_are_counted_apart(void **)
{
    ChunkWord word = in(ChunkState::resident).with(ChunkWord::dirty);
    for (Bits i = 0; i < most_holds; ++i)
        word = word.plus(ChunkWord::one_hold);
    for (Bits i = 0; i < most_pins; ++i)
        word = word.plus(ChunkWord::one_pin);
    assert_int_equal(word.holds(), most_holds);
    assert_int_equal(word.pins(), most_pins);
    assert_true(word.is(ChunkState::resident) && word.has(ChunkWord::dirty));
    word = word.minus(ChunkWord::one_hold).minus(ChunkWord::one_pin);
    assert_int_equal(word.holds(), most_holds - 1);
    assert_int_equal(word.pins(), most_pins - 1);
}

void a_parked_chunk_knows_its_frame(void **)
{
    for (const Bits frame : {Bits{0}, Bits{1}, Bits{12345}, ChunkWord::most_frames - 1}) {
        const ChunkWord pinned =
            in(ChunkState::leaving).with(ChunkWord::spilled | ChunkWord::queued).plus(ChunkWord::one_pin);
        const ChunkWord parked = pinned.parked_in(frame);
        assert_true(parked.is(ChunkState::parked));
        assert_int_equal(parked.frame(), frame);
        assert_true(parked.has(ChunkWord::spilled) && parked.has(ChunkWord::queued) && !parked.has(ChunkWord::dirty));
        // The number is not mistaken for counts ...
        assert_int_equal(parked.holds(), 0);
        assert_int_equal(parked.pins(), 0);
        // ... and is gone with the state.
        assert_int_equal(parked.to(ChunkState::filling).bits(),
                         in(ChunkState::filling).with(ChunkWord::spilled | ChunkWord::queued).bits());
    }
}

void a_transition_is_filling_leaving_or_cleaning(void **)
{
    for (const ChunkState state : states)
        assert_int_equal(in(state).in_transition(), state == ChunkState::filling || state == ChunkState::leaving);
    assert_true(in(ChunkState::resident).with(ChunkWord::cleaning).in_transition());
    assert_true(in(ChunkState::resident).with(ChunkWord::cleaning).cleaning_now());
    assert_false(in(ChunkState::absent).with(ChunkWord::cleaning).cleaning_now()); // a flag left over means nothing
}

/// What may be done to a chunk, for every combination of state, cleaning, holds and pins.
void what_may_be_done_to_a_chunk(void **)
{
    for (const ChunkState state : states) {
        if (state == ChunkState::parked)
            continue; // has a frame instead of counts
        for (const bool cleaning : {false, true})
            for (const Bits holds : {Bits{0}, Bits{1}, most_holds})
                for (const Bits pins : {Bits{0}, Bits{1}, most_pins}) {
                    ChunkWord word = in(state).plus(holds * ChunkWord::one_hold).plus(pins * ChunkWord::one_pin);
                    if (cleaning)
                        word = word.with(ChunkWord::cleaning);
                    const bool at_rest = state == ChunkState::resident && !cleaning;
                    assert_int_equal(word.can_hold(), at_rest && holds < most_holds);
                    assert_int_equal(word.can_leave(), at_rest && holds == 0 && pins == 0);
                    assert_int_equal(word.can_clean(), at_rest && holds == 0); // pinned ones too
                }
    }
}

void a_parked_chunk_can_only_be_filled(void **)
{
    for (const Bits frame : {Bits{0}, Bits{1}, ChunkWord::most_frames - 1}) {
        const ChunkWord parked = ChunkWord{}.parked_in(frame);
        assert_false(parked.can_hold() || parked.can_leave() || parked.can_clean() || parked.in_transition());
    }
}

/// Into an extent that comes in: parked, or unchanged and in use by nobody.
void what_may_join_an_extent(void **)
{
    for (const ChunkState state : states) {
        const bool there = state == ChunkState::resident || state == ChunkState::parked;
        assert_int_equal(in(state).can_join(), there);
        assert_int_equal(in(state).with(ChunkWord::spilled | ChunkWord::queued | ChunkWord::waiters).can_join(), there);
        assert_false(in(state).with(ChunkWord::poisoned).can_join());
    }
    const ChunkWord resident = in(ChunkState::resident);
    assert_false(resident.with(ChunkWord::dirty).can_join());
    assert_false(resident.with(ChunkWord::cleaning).can_join());
    assert_false(resident.with(ChunkWord::in_extent).can_join()); // it has
    assert_false(resident.plus(ChunkWord::one_hold).can_join());
    assert_false(resident.plus(ChunkWord::one_pin).can_join());
    assert_true(ChunkWord{}.parked_in(ChunkWord::most_frames - 1).can_join());
}

void only_resident_chunks_leave_with_their_extent(void **)
{
    for (const ChunkState state : states)
        assert_int_equal(in(state).with(ChunkWord::in_extent).leaves_with_extent(), state == ChunkState::resident);
    assert_false(ChunkWord{}.parked_in(ChunkWord::most_frames - 1).leaves_with_extent());
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_of_a_word_do_not_overlap),
        cmocka_unit_test(a_table_of_zeros_is_a_table_of_absent_chunks),
        cmocka_unit_test(flags_come_and_go_one_by_one),
        cmocka_unit_test(another_state_keeps_the_flags_and_forgets_the_counts),
        cmocka_unit_test(holds_from_outside_leave_room_for_others),
        cmocka_unit_test(holds_and_pins_are_counted_apart),
        cmocka_unit_test(a_parked_chunk_knows_its_frame),
        cmocka_unit_test(a_transition_is_filling_leaving_or_cleaning),
        cmocka_unit_test(what_may_be_done_to_a_chunk),
        cmocka_unit_test(a_parked_chunk_can_only_be_filled),
        cmocka_unit_test(what_may_join_an_extent),
        cmocka_unit_test(only_resident_chunks_leave_with_their_extent),
    };
    return RUN(tests);
}
