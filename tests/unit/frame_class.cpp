// SPDX-License-Identifier: MIT
// The frames of one size: empty slots, recycled frames, and parked ones that keep the content of a chunk that left.
// frame_class_threads.cpp has the races.
#include "unit/unit.hpp"

#include "frame_class.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <sched.h>

using namespace ufomem;
using unit::Random;

namespace {

constexpr std::size_t size = 8192;
using Word = std::atomic<ChunkWord::Bits>;

ChunkWord look(const Word &word) { return ChunkWord(word.load()); }

Frame empty_from(FrameClass &frames)
{
    Result<Frame> frame = frames.take_empty();
    assert_ok(frame);
    return *frame;
}

void stamp(const Frame &frame, std::size_t number)
{
    std::memcpy(frame.data, &number, sizeof number);
    std::memcpy(frame.data + size - sizeof number, &number, sizeof number);
}

bool has_stamp(const Frame &frame, std::size_t number)
{
    return std::memcmp(frame.data, &number, sizeof number) == 0
           && std::memcmp(frame.data + size - sizeof number, &number, sizeof number) == 0;
}

/// What the region does when a chunk leaves: prepare, publish, link.
void park(FrameClass &frames, const Frame &frame, Word &word)
{
    frames.prepare_parking(frame, word);
    word.store(look(word).parked_in(frame.slot).bits());
    frames.link_parked(frame);
}

/// And when it is wanted again: claim, rescue.
Frame rescue(FrameClass &frames, Word &word)
{
    const ChunkWord parked = look(word);
    word.store(parked.to(ChunkState::filling).bits());
    return frames.rescue(parked.frame(), word);
}

void slots_are_places_of_their_own(void **)
{
    Heap heap;
    FrameClass frames(size, nullptr, heap);
    assert_int_equal(frames.frame_bytes(), size);
    std::set<std::byte *> places;
    for (int i = 0; i < 3000; ++i) // more than one segment has
        places.insert(empty_from(frames).data);
    assert_int_equal(places.size(), 3000);
    for (auto one = places.begin(), next = std::next(one); next != places.end(); ++one, ++next)
        assert_true(static_cast<std::size_t>(*next - *one) >= size);
}

void without_recycled_frames_there_is_none(void **)
{
    Heap heap;
    FrameClass frames(size, nullptr, heap);
    assert_false(static_cast<bool>(frames.take_recycled()));
    assert_false(static_cast<bool>(frames.take_parked()));
    frames.give_empty(empty_from(frames));
    assert_false(static_cast<bool>(frames.take_recycled())); // an empty slot is no frame
}

void a_recycled_frame_is_given_out_once(void **)
{
    Heap heap;
    FrameClass frames(size, nullptr, heap);
    const Frame frame = empty_from(frames);
    frames.give_recycled(frame);
    assert_int_equal(frames.recycled(), 1);
    const Frame again = frames.take_recycled();
    assert_ptr_equal(again.data, frame.data);
    assert_int_equal(frames.recycled(), 0);
    assert_false(static_cast<bool>(frames.take_recycled()));
}

void the_frame_that_was_used_last_comes_first(void **)
{
    Heap heap;
    FrameClass frames(FrameClass::least_shared_bytes, nullptr, heap); // small ones have a list for each processor
    const Frame first = empty_from(frames);
    const Frame second = empty_from(frames);
    frames.give_recycled(first);
    frames.give_recycled(second);
    assert_ptr_equal(frames.take_recycled().data, second.data);
    assert_ptr_equal(frames.take_recycled().data, first.data);
    assert_int_equal(frames.recycled(), 0);
    frames.give_recycled(first); // the list is whole again
    assert_ptr_equal(frames.take_recycled().data, first.data);
}

void a_parked_frame_is_rescued_with_its_content(void **)
{
    Heap heap;
    FrameClass frames(size, nullptr, heap);
    const Frame frame = empty_from(frames);
    stamp(frame, 77);
    Word word{ChunkWord{}.with(ChunkWord::spilled).bits()};
    park(frames, frame, word);
    assert_int_equal(frames.parked(), 1);
    const Frame rescued = rescue(frames, word);
    assert_int_equal(rescued.slot, frame.slot);
    assert_true(has_stamp(rescued, 77));
    assert_true(look(word).has(ChunkWord::spilled));
}

void a_parked_frame_that_is_reused_leaves_its_chunk_absent(void **)
{
    Heap heap;
    FrameClass frames(size, nullptr, heap);
    const Frame frame = empty_from(frames);
    Word word{ChunkWord{}.with(ChunkWord::spilled).bits()};
    park(frames, frame, word);
    assert_int_equal(frames.take_parked().slot, frame.slot);
    assert_true(look(word).is(ChunkState::absent));
    assert_true(look(word).has(ChunkWord::spilled)); // what the spill has is still there
    assert_int_equal(frames.parked(), 0);
}

void the_oldest_is_reused_first(void **)
{
    // Each processor has a list of its own: stay on one.
    cpu_set_t before;
    cpu_set_t one;
    sched_getaffinity(0, sizeof before, &before);
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
    Heap heap;
    FrameClass frames(size, nullptr, heap);
    std::vector<Word> words(10);
    std::vector<std::uint32_t> slots;
    for (Word &word : words) {
        const Frame frame = empty_from(frames);
        slots.push_back(frame.slot);
        park(frames, frame, word);
    }
    for (const std::uint32_t slot : slots)
        assert_int_equal(frames.take_parked().slot, slot);
    sched_setaffinity(0, sizeof before, &before);
}

void a_rescued_frame_is_not_reused_behind_its_back(void **)
{
    Heap heap;
    FrameClass frames(size, nullptr, heap);
    const Frame frame = empty_from(frames);
    Word word{0};
    park(frames, frame, word);
    const Frame rescued = rescue(frames, word);
    assert_false(static_cast<bool>(frames.take_parked())); // it stands in the list still, but not for the taking
    frames.give_recycled(rescued);
    assert_int_equal(frames.take_recycled().slot, frame.slot);
}

void a_rescued_frame_given_back_early_is_found_in_the_list(void **)
{
    Heap heap;
    FrameClass frames(size, nullptr, heap);
    const Frame frame = empty_from(frames);
    Word word{0};
    park(frames, frame, word);
    frames.give_recycled(rescue(frames, word));
    assert_false(static_cast<bool>(frames.take_recycled())); // not twice
    assert_int_equal(frames.take_parked().slot, frame.slot);
    assert_false(static_cast<bool>(frames.take_parked()));
}

/// Between its claim and its rescue, a chunk's frame may be wanted elsewhere.  Whatever becomes of the slot meanwhile, the rescuer gets
/// his own content, or nothing.
void a_late_rescuer_never_gets_the_content_of_another_chunk(void **)
{
    Heap heap;
    FrameClass frames(size, nullptr, heap);
    Word mine{0};
    Word other{0};
    const Frame frame = empty_from(frames);
    stamp(frame, 1);
    park(frames, frame, mine);
    const ChunkWord parked = look(mine);
    mine.store(parked.to(ChunkState::filling).bits()); // claimed
    if (const Frame wanted = frames.take_parked()) {
        frames.give_empty(wanted);
        Frame next = empty_from(frames);
        while (next.slot != wanted.slot)
            next = empty_from(frames);
        stamp(next, 2);
        park(frames, next, other);
    }
    const Frame rescued = frames.rescue(parked.frame(), mine);
    assert_true(!rescued || has_stamp(rescued, 1));
}

void a_pool_has_an_end(void **)
{
    Heap heap;
    FrameClass frames(1, nullptr, heap); // more frames in a segment than a chunk's word can number
    assert_fails(frames.take_empty(), Code::limit);
    assert_error_names("use larger chunks");
}

/// Random traffic of one thread, checked against sets of who has which slot.
void random_traffic_keeps_every_slot_in_one_place(void **)
{
    constexpr std::size_t chunks = 40;
    Heap heap;
    FrameClass frames(size, nullptr, heap);
    Random random;
    std::vector<Word> words(chunks);
    std::map<std::uint32_t, Frame> hands;        // slots that the test has
    std::map<std::uint32_t, std::size_t> parked; // slots with a chunk
    std::set<std::uint32_t> rescued;             // in hands: to be given back before they are used for anything else
    const auto take = [&](const Frame &frame) {
        assert_true(!parked.contains(frame.slot) && hands.emplace(frame.slot, frame).second);
    };
    const auto any_hand = [&] {
        return std::next(hands.begin(), static_cast<std::ptrdiff_t>(random.below(hands.size())));
    };

    for (std::size_t i = 0, last = unit::rounds(100000); i < last; ++i) {
        const std::size_t chunk = random.below(chunks);
        switch (random.below(7)) {
        case 0:
            take(empty_from(frames));
            break;
        case 1:
            if (const Frame frame = frames.take_recycled())
                take(frame);
            break;
        case 2:
        case 3:
            if (!hands.empty()) {
                const auto one = any_hand();
                random.one_in(2) ? frames.give_recycled(one->second) : frames.give_empty(one->second);
                rescued.erase(one->first);
                hands.erase(one);
            }
            break;
        case 4:
            if (!hands.empty() && !look(words[chunk]).is(ChunkState::parked)) {
                const auto one = any_hand();
                if (rescued.contains(one->first))
                    break;
                stamp(one->second, chunk);
                park(frames, one->second, words[chunk]);
                parked[one->first] = chunk;
                hands.erase(one);
            }
            break;
        case 5:
            if (look(words[chunk]).is(ChunkState::parked)) {
                const Frame frame = rescue(frames, words[chunk]);
                assert_true(static_cast<bool>(frame) && has_stamp(frame, chunk));
                assert_int_equal(parked.at(frame.slot), chunk);
                parked.erase(frame.slot);
                rescued.insert(frame.slot);
                take(frame);
            }
            break;
        default:
            if (const Frame frame = frames.take_parked()) {
                if (const auto owner = parked.find(frame.slot); owner != parked.end()) {
                    assert_true(look(words[owner->second]).is(ChunkState::absent));
                    parked.erase(owner);
                } // else it was rescued, and given back with its pages
                take(frame);
            } else {
                assert_true(parked.empty());
            }
        }
        const auto count = std::count_if(words.begin(), words.end(),
                                         [](const Word &word) { return look(word).is(ChunkState::parked); });
        assert_int_equal(count, parked.size());
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_places_of_their_own),
        cmocka_unit_test(without_recycled_frames_there_is_none),
        cmocka_unit_test(a_recycled_frame_is_given_out_once),
        cmocka_unit_test(the_frame_that_was_used_last_comes_first),
        cmocka_unit_test(a_parked_frame_is_rescued_with_its_content),
        cmocka_unit_test(a_parked_frame_that_is_reused_leaves_its_chunk_absent),
        cmocka_unit_test(the_oldest_is_reused_first),
        cmocka_unit_test(a_rescued_frame_is_not_reused_behind_its_back),
        cmocka_unit_test(a_rescued_frame_given_back_early_is_found_in_the_list),
        cmocka_unit_test(a_late_rescuer_never_gets_the_content_of_another_chunk),
        cmocka_unit_test(a_pool_has_an_end),
        cmocka_unit_test(random_traffic_keeps_every_slot_in_one_place),
    };
    return RUN(tests);
}
