// SPDX-License-Identifier: MIT
// Chunks leave and come back on several threads, while their frames are wanted for others: a frame has one master at a time, and who
// is rescued finds what he left.
#include "unit/unit.hpp"

#include "frame_class.hpp"

#include <memory>

using namespace ufomem;
using unit::Random;

namespace {

constexpr std::size_t size = 4096;
constexpr std::size_t chunks = 24;
constexpr std::size_t most_slots = 1 << 15; // many more than are needed

struct Town {
    Heap heap;
    FrameClass frames{size, nullptr, heap};
    std::atomic<ChunkWord::Bits> words[chunks]{};
    std::unique_ptr<std::atomic<bool>[]> taken = std::make_unique<std::atomic<bool>[]>(most_slots);
    std::atomic<int> two_masters{0};
    std::atomic<int> wrong_content{0};
    std::atomic<std::size_t> rescued{0};
    std::atomic<std::size_t> gone{0}; // too late to be rescued
    std::atomic<std::size_t> reused{0};

    Frame got(const Frame &frame)
    {
        if (frame)
            two_masters += taken[frame.slot].exchange(true);
        return frame;
    }
    void lets_go(const Frame &frame) { taken[frame.slot].store(false); }

    /// Memory runs short: parked frames are taken for good.
    void trim()
    {
        for (Frame frame; frames.parked() > 2 * chunks && (frame = got(frames.take_parked()));) {
            lets_go(frame);
            frames.give_empty(frame);
        }
    }
    Frame empty_slot()
    {
        Result<Frame> empty = frames.take_empty();
        if (!empty.ok() || empty->slot >= most_slots)
            std::abort(); // slots get lost
        return got(*empty);
    }
    /// A frame with any content, from wherever there is one.
    Frame any_frame(Random &random)
    {
        if (const Frame frame = random.one_in(2) ? got(frames.take_parked()) : Frame{}) {
            reused.fetch_add(1);
            return frame;
        }
        const Frame frame = got(frames.take_recycled());
        return frame ? frame : empty_slot();
    }

    /// A chunk comes in, from its parked frame if that is still there; then it leaves again, into another slot.
    void visit(std::size_t chunk, Random &random)
    {
        ChunkWord::Bits bits = words[chunk].load();
        const ChunkWord before{bits};
        if (!before.is(ChunkState::absent) && !before.is(ChunkState::parked))
            return; // somebody else works on it
        if (!words[chunk].compare_exchange_strong(bits, before.to(ChunkState::filling).bits()))
            return;
        Frame frame;
        if (before.is(ChunkState::parked)) {
            frame = got(frames.rescue(before.frame(), words[chunk]));
            (frame ? rescued : gone).fetch_add(1);
            if (frame && *reinterpret_cast<const std::size_t *>(frame.data) != chunk)
                wrong_content.fetch_add(1);
        }
        if (!frame)
            frame = any_frame(random);
        *reinterpret_cast<std::size_t *>(frame.data) = SIZE_MAX; // the pages are moved, or copied, into the region
        lets_go(frame);
        random.one_in(2) ? frames.give_recycled(frame) : frames.give_empty(frame);
        if (random.one_in(8)) { // it leaves without a trace
            words[chunk].store(ChunkWord{}.bits());
            return;
        }
        frame = empty_slot();
        *reinterpret_cast<std::size_t *>(frame.data) = chunk;
        frames.prepare_parking(frame, words[chunk]);
        lets_go(frame);
        words[chunk].store(ChunkWord{}.parked_in(frame.slot).bits());
        frames.link_parked(frame);
    }
};

void every_frame_has_one_master(void **)
{
    const auto town = std::make_unique<Town>();
    unit::on_threads(4, [&](std::size_t thread) {
        Random random(thread);
        for (std::size_t i = 0, last = unit::rounds(200000); i < last; ++i)
            town->visit(random.below(chunks), random), town->trim();
    });
    assert_int_equal(town->two_masters.load(), 0);
    assert_int_equal(town->wrong_content.load(), 0);
    // All of it has really happened.
    assert_true(town->rescued.load() != 0 && town->reused.load() != 0);

    // At rest, every parked chunk can still be rescued.
    std::size_t parked = 0;
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
        const ChunkWord word{town->words[chunk].load()};
        if (!word.is(ChunkState::parked))
            continue;
        ++parked;
        town->words[chunk].store(word.to(ChunkState::filling).bits());
        const Frame frame = town->frames.rescue(word.frame(), town->words[chunk]);
        assert_true(static_cast<bool>(frame));
        assert_int_equal(*reinterpret_cast<const std::size_t *>(frame.data), chunk);
    }
    assert_true(parked <= town->frames.parked()); // those that were rescued stand in the list, too
}

/// A rescuer and somebody who wants the frame meet at the same chunk, again and again: one of them gets it.
void one_of_two_gets_the_frame(void **)
{
    Heap heap;
    FrameClass frames(size, nullptr, heap);
    std::atomic<ChunkWord::Bits> word{0};
    for (std::size_t i = 0, last = unit::rounds(1000); i < last; ++i) {
        Result<Frame> made = frames.take_empty();
        assert_ok(made);
        const Frame frame = *made;
        frames.prepare_parking(frame, word);
        word.store(ChunkWord{}.parked_in(frame.slot).bits());
        frames.link_parked(frame);
        Frame got[2];
        unit::on_threads(2, [&](std::size_t thread) {
            if (thread == 0) {
                got[0] = frames.take_parked();
                return;
            }
            ChunkWord::Bits bits = word.load();
            const ChunkWord before{bits};
            if (before.is(ChunkState::parked)
                && word.compare_exchange_strong(bits, before.to(ChunkState::filling).bits()))
                got[1] = frames.rescue(before.frame(), word);
        });
        assert_int_equal(static_cast<bool>(got[0]) + static_cast<bool>(got[1]), 1);
        for (const Frame &one : got)
            if (one)
                frames.give_empty(one);
        word.store(0);
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_has_one_master),
        cmocka_unit_test(one_of_two_gets_the_frame),
    };
    return RUN(tests);
}
