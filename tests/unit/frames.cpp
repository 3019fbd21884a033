// SPDX-License-Identifier: MIT
// Memory inside the budget.  Who asks for some gets it, waits while others can make room, or gets an error; there is never more in
// use than the budget.
#include "unit/unit.hpp"

#include "frames.hpp"

#include <chrono>
#include <functional>

using namespace ufomem;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t size = 64 * kib;
const char core_memory = 0;

/// Frames with room for four of `size`, and an evictor that does as the test says.
class Scene final : public Reclaimer {
  public:
    explicit Scene(std::size_t bytes = 4 * size) : budget(bytes, 50, 100), frames(budget, nullptr, &core_memory, heap)
    {
        frames.set_reclaimer(*this);
    }
    Outcome reclaim(std::size_t bytes) override
    {
        calls.fetch_add(1);
        return answer ? answer(bytes) : Outcome{};
    }
    FrameClass &of(std::size_t bytes)
    {
        Result<FrameClass *> found = frames.class_of(bytes);
        assert_ok(found);
        return **found;
    }
    Frame take(std::size_t extra = 0)
    {
        Result<Frame> frame = frames.take(of(size), extra);
        assert_ok(frame);
        return *frame;
    }
    /// As if the frame had been moved into a region.
    void install(const Frame &frame) { frames.vacate(frame); }

    Budget budget;
    Heap heap;
    Frames frames;
    std::function<Outcome(std::size_t)> answer;
    std::atomic<int> calls{0};
};

void there_is_one_class_for_a_size(void **)
{
    Scene scene;
    assert_ptr_equal(&scene.of(size), &scene.of(size));
    assert_ptr_not_equal(&scene.of(size), &scene.of(2 * size));
}

void a_frame_is_charged_until_it_is_discharged(void **)
{
    Scene scene;
    scene.install(scene.take());
    assert_int_equal(scene.budget.used(), size);
    scene.frames.discharge(size);
    assert_int_equal(scene.budget.used(), 0);
}

void a_copy_is_charged_besides(void **)
{
    Scene scene;
    const Frame frame = scene.take(size);
    assert_int_equal(scene.budget.used(), 2 * size);
    scene.frames.recycle(frame);                     // the copy is made
    assert_int_equal(scene.budget.used(), 2 * size); // its source keeps its charge
    scene.take();
    assert_int_equal(scene.budget.used(), 2 * size); // and is what comes next
}

void when_there_is_no_room_chunks_are_asked_to_leave(void **)
{
    Scene scene;
    for (int i = 0; i < 4; ++i)
        scene.install(scene.take());
    assert_int_equal(scene.calls.load(), 0);
    scene.answer = [&](std::size_t) {
        scene.frames.discharge(size);
        return Reclaimer::Outcome{size, {}};
    };
    scene.install(scene.take());
    assert_int_equal(scene.calls.load(), 1);
    assert_int_equal(scene.budget.used(), 4 * size);
}

void when_nothing_can_leave_there_is_an_error(void **)
{
    Scene scene;
    for (int i = 0; i < 4; ++i)
        scene.install(scene.take());
    assert_fails(scene.frames.take(scene.of(size), 0), Code::budget);
    assert_error_names("pinned");
    assert_fails(scene.frames.charge(1), Code::budget);
    assert_int_equal(scene.budget.used(), 4 * size);
}

void the_reason_why_nothing_could_leave_is_told(void **)
{
    Scene scene;
    scene.install(scene.take(3 * size));
    scene.answer = [](std::size_t) {
        return Reclaimer::Outcome{0, Failure::of_this_thread(fail_callback(Code::writeback, 99, "the disk is full"))};
    };
    assert_fails(scene.frames.take(scene.of(size), 0), Code::writeback);
    assert_string_equal(last_error(), "the disk is full");
    assert_int_equal(last_callback_code(), 99);
}

void what_can_never_fit_is_refused_at_once(void **)
{
    Scene scene;
    assert_fails(scene.frames.charge(4 * size + 1), Code::budget);
    assert_error_names("more than the budget");
    assert_fails(scene.frames.take(scene.of(size), 3 * size + 1), Code::budget);
    assert_int_equal(scene.calls.load(), 0);
    assert_int_equal(scene.budget.used(), scene.of(size).recycled() * size);
}

void who_can_wait_for_others_waits(void **)
{
    Scene scene;
    scene.install(scene.take(3 * size));
    scene.answer = [](std::size_t) { return Reclaimer::Outcome{0, {}}; };
    std::thread other([&] {
        std::this_thread::sleep_for(30ms);
        scene.frames.discharge(size);
    });
    const Result<Frame> frame = scene.frames.take(scene.of(size), 0);
    other.join();
    assert_ok(frame);
    assert_int_equal(scene.budget.used(), 4 * size);
}

void a_fill_of_another_thread_is_worth_waiting_for(void **)
{
    Scene scene;
    scene.install(scene.take(3 * size));
    std::atomic<bool> fills{false};
    std::thread other([&] {
        const WaitGraph::Entry entry(WaitGraph::of_process(), &core_memory, gettid(), 4096, WaitGraph::nothing);
        fills.store(true);
        std::this_thread::sleep_for(30ms);
        scene.frames.discharge(size); // its fill has failed, say
    });
    while (!fills.load())
        std::this_thread::yield();
    const Result<Frame> frame = scene.frames.take(scene.of(size), 0);
    other.join();
    assert_ok(frame);
}

void unused_frames_make_room_for_other_sizes(void **)
{
    Scene scene;
    std::vector<Frame> frames;
    for (int i = 0; i < 4; ++i)
        frames.push_back(scene.take());
    for (const Frame &frame : frames)
        scene.frames.recycle(frame);
    assert_int_equal(scene.budget.used(), 4 * size);
    const Result<Frame> large = scene.frames.take(scene.of(2 * size), 0);
    assert_ok(large);
    assert_true(scene.budget.used() <= 4 * size);
    assert_int_equal(scene.budget.used(), scene.of(size).recycled() * size + 2 * size);
}

void a_parked_frame_is_reused_when_there_is_no_other(void **)
{
    Scene scene;
    scene.install(scene.take(2 * size));
    const Frame frame = scene.take();
    std::atomic<ChunkWord::Bits> word{0};
    scene.frames.prepare_parking(frame, word);
    word.store(ChunkWord{}.parked_in(frame.slot).bits());
    scene.frames.link_parked(frame);
    assert_int_equal(scene.take().slot, frame.slot);
    assert_true(ChunkWord(word.load()).is(ChunkState::absent));
    assert_int_equal(scene.budget.used(), 4 * size);
}

void the_budget_can_be_lowered_as_far_as_memory_can_leave(void **)
{
    Scene scene;
    scene.install(scene.take());
    scene.frames.recycle(scene.take());
    assert_ok(scene.frames.set_budget(size)); // the recycled one is given back
    assert_int_equal(scene.budget.used(), size);
    assert_fails(scene.frames.set_budget(size - 1), Code::budget);
    assert_error_names("the budget stays");
    assert_int_equal(scene.budget.bytes(), size);
    scene.answer = [&](std::size_t) {
        scene.frames.discharge(size);
        return Reclaimer::Outcome{size, {}};
    };
    assert_ok(scene.frames.set_budget(1));
    assert_int_equal(scene.budget.used(), 0);
}

void many_threads_share_a_small_budget(void **)
{
    Scene scene(3 * size);
    scene.answer = [](std::size_t) { return Reclaimer::Outcome{0, {}}; }; // they come back by themselves
    std::atomic<std::size_t> held{0};
    std::atomic<int> wrong{0};
    FrameClass &frames = scene.of(size);
    unit::on_threads(6, [&](std::size_t thread) {
        unit::Random random(thread);
        for (std::size_t i = 0, last = unit::rounds(500); i < last; ++i) {
            const std::size_t extra = random.below(2) * size;
            Result<Frame> frame = scene.frames.take(frames, extra);
            if (!frame.ok()) {
                wrong.fetch_add(1);
                continue;
            }
            wrong += held.fetch_add(size + extra) + size + extra > 3 * size;
            frame->data[0] = std::byte{1};
            held.fetch_sub(size + extra);
            if (extra != 0)
                scene.frames.discharge(extra);
            scene.frames.recycle(*frame);
        }
    });
    assert_int_equal(wrong.load(), 0);
    assert_true(scene.budget.peak() <= 3 * size);
    assert_int_equal(scene.budget.used(), frames.recycled() * size);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(there_is_one_class_for_a_size),
        cmocka_unit_test(a_frame_is_charged_until_it_is_discharged),
        cmocka_unit_test(a_copy_is_charged_besides),
        cmocka_unit_test(when_there_is_no_room_chunks_are_asked_to_leave),
        cmocka_unit_test(when_nothing_can_leave_there_is_an_error),
        cmocka_unit_test(the_reason_why_nothing_could_leave_is_told),
        cmocka_unit_test(what_can_never_fit_is_refused_at_once),
        cmocka_unit_test(who_can_wait_for_others_waits),
        cmocka_unit_test(a_fill_of_another_thread_is_worth_waiting_for),
        cmocka_unit_test(unused_frames_make_room_for_other_sizes),
        cmocka_unit_test(a_parked_frame_is_reused_when_there_is_no_other),
        cmocka_unit_test(the_budget_can_be_lowered_as_far_as_memory_can_leave),
        cmocka_unit_test(many_threads_share_a_small_budget),
    };
    return RUN(tests);
}
