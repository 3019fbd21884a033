// SPDX-License-Identifier: MIT
// Who fills what and waits for what, with invented threads.  Chunks are numbers; 0 and 1 have meanings of their own.
#include "unit/unit.hpp"

#include "wait_graph.hpp"

#include <deque>
#include <memory>

using namespace ufomem;

namespace {

using Key = WaitGraph::Key;
constexpr Key nothing = WaitGraph::nothing;
constexpr Key a_frame = WaitGraph::a_frame;
constexpr Key chunk_a = 4096;
constexpr Key chunk_b = 8192;
constexpr Key chunk_c = 12288;
constexpr pid_t ann = 101;
constexpr pid_t bob = 102;
constexpr pid_t cid = 103;
const char core_memory[2] = {};
const void *const core = &core_memory[0];
const void *const other_core = &core_memory[1];

/// A graph, and entries in it that stay until the end of the test.
class Scene {
  public:
    Scene() : graph_(std::make_unique<WaitGraph>()) {}
    WaitGraph &graph() { return *graph_; }
    void fills(pid_t thread, Key chunk, const void *of_core = core)
    {
        entries_.emplace_back(*graph_, of_core, thread, chunk, nothing);
    }
    void waits(pid_t thread, Key chunk) { entries_.emplace_back(*graph_, core, thread, nothing, chunk); }
    bool others_progress(pid_t thread) { return graph_->others_progress(thread, core); }
    void end_last() { entries_.pop_back(); }

  private:
    std::unique_ptr<WaitGraph> graph_;
    std::deque<WaitGraph::Entry> entries_;
};

// -- cycles

void nobody_is_no_cycle(void **)
{
    Scene scene;
    assert_false(scene.graph().closes_cycle(ann, chunk_a));
}

void room_for_several_is_given_as_long_as_there_is_some(void **)
{
    Scene scene;
    const auto room_for = [&](std::size_t entries) { return std::make_unique<WaitGraph::Room>(scene.graph(), entries); };
    std::deque<std::unique_ptr<WaitGraph::Room>> rooms;
    do {
        rooms.push_back(room_for(33));
    } while (rooms.back()->granted());
    assert_in_range(rooms.size(), 100, 1000);
    assert_true(room_for(0)->granted()); // who wants one does not ask
    assert_false(room_for(33)->granted());
    rooms.pop_front();
    assert_true(room_for(33)->granted()); // and gives it back at once
    assert_true(room_for(33)->granted());
    scene.graph().forget_other_threads(); // nobody else has been here
    assert_false(room_for(66)->granted());
    rooms.clear();
    assert_true(room_for(4096)->granted());
}

void an_extent_is_filled_as_a_whole(void **)
{
    constexpr std::size_t bytes = 100;
    Scene scene;
    const WaitGraph::Entry entry(scene.graph(), core, ann, chunk_a, nothing, bytes);
    assert_true(scene.graph().closes_cycle(ann, chunk_a + bytes - 1));
    assert_false(scene.graph().closes_cycle(ann, chunk_a + bytes));
    assert_true(scene.graph().fills_within(ann, chunk_a + bytes - 1, chunk_a + 2 * bytes));
}

// What a thread does now is what it began last.
void the_innermost_counts(void **)
{
    Scene scene;
    scene.fills(ann, chunk_a);
    scene.waits(ann, WaitGraph::a_frame);
    assert_false(scene.others_progress(bob));
    scene.fills(ann, chunk_b); // it makes room by storing something
    assert_true(scene.others_progress(bob));
    scene.end_last();
    assert_false(scene.others_progress(bob));
}

void who_waits_for_what_he_fills_waits_for_ever(void **)
{
    Scene scene;
    scene.fills(ann, chunk_a);
    assert_true(scene.graph().closes_cycle(ann, chunk_a));
    assert_false(scene.graph().closes_cycle(bob, chunk_a)); // he just has to be patient
    assert_false(scene.graph().closes_cycle(ann, chunk_b));
}

void two_who_wait_for_each_other(void **)
{
    Scene scene;
    scene.fills(ann, chunk_a);
    scene.fills(bob, chunk_b);
    assert_false(scene.graph().closes_cycle(ann, chunk_b)); // he does not wait yet
    scene.waits(bob, chunk_a);
    assert_true(scene.graph().closes_cycle(ann, chunk_b));
    scene.waits(ann, chunk_b);
    assert_true(scene.graph().closes_cycle(bob, chunk_a));
}

void a_ring_of_many(void **)
{
    Scene scene;
    constexpr pid_t threads = 200;
    for (pid_t i = 1; i <= threads; ++i)
        scene.fills(i, chunk_a * static_cast<Key>(i));
    for (pid_t i = 1; i < threads; ++i)
        scene.waits(i, chunk_a * static_cast<Key>(i + 1));
    assert_true(scene.graph().closes_cycle(threads, chunk_a));
    assert_false(scene.graph().closes_cycle(threads + 1, chunk_a)); // outside of the ring
}

void a_chain_is_no_cycle(void **)
{
    Scene scene;
    scene.fills(ann, chunk_a);
    scene.fills(bob, chunk_b);
    scene.fills(cid, chunk_c);
    scene.waits(ann, chunk_b);
    scene.waits(bob, chunk_c);
    assert_false(scene.graph().closes_cycle(cid, chunk_c + 1));
    assert_true(scene.graph().closes_cycle(cid, chunk_a));
}

void a_fill_inside_a_fill_counts_as_both(void **)
{
    Scene scene;
    scene.fills(ann, chunk_a);
    scene.fills(ann, chunk_b); // the callback of A has touched B
    scene.fills(bob, chunk_c);
    scene.waits(bob, chunk_a);
    assert_true(scene.graph().closes_cycle(ann, chunk_c));
    assert_true(scene.graph().closes_cycle(ann, chunk_a));
}

void the_end_of_a_fill_opens_the_cycle(void **)
{
    Scene scene;
    scene.fills(bob, chunk_b);
    scene.waits(bob, chunk_a);
    scene.fills(ann, chunk_a);
    assert_true(scene.graph().closes_cycle(ann, chunk_b));
    scene.end_last();
    assert_false(scene.graph().closes_cycle(ann, chunk_b));
}

void waiting_for_memory_is_no_cycle(void **)
{
    Scene scene;
    scene.fills(ann, chunk_a);
    scene.fills(bob, chunk_b);
    scene.waits(bob, a_frame);
    assert_false(scene.graph().closes_cycle(ann, chunk_b));
}

// -- faults: the thread does not know of its waiting, whoever reads the message notes it

void a_fault_of_a_filler_is_noted(void **)
{
    Scene scene;
    scene.fills(ann, chunk_a);
    scene.fills(bob, chunk_b);
    scene.graph().set_waiting(bob, chunk_a);
    assert_true(scene.graph().closes_cycle(ann, chunk_b));
    scene.graph().clear_waiting(chunk_a);
    assert_false(scene.graph().closes_cycle(ann, chunk_b));
}

void a_newer_fault_replaces_the_older(void **)
{
    Scene scene;
    scene.fills(ann, chunk_a);
    scene.fills(bob, chunk_b);
    scene.graph().set_waiting(bob, chunk_a);
    scene.graph().set_waiting(bob, chunk_c);
    assert_false(scene.graph().closes_cycle(ann, chunk_b));
}

void who_fills_nothing_blocks_nobody(void **)
{
    Scene scene;
    scene.graph().set_waiting(ann, chunk_a);
    scene.fills(bob, chunk_a);
    assert_false(scene.graph().closes_cycle(bob, chunk_b));
    assert_true(scene.others_progress(cid)); // bob's fill is not held up by ann
}

void clearing_is_for_one_chunk(void **)
{
    Scene scene;
    scene.fills(ann, chunk_a);
    scene.fills(bob, chunk_b);
    scene.graph().set_waiting(bob, chunk_a);
    scene.graph().clear_waiting(chunk_b);
    assert_true(scene.graph().closes_cycle(ann, chunk_b));
}

// -- who fills

void fills_are_known_by_thread_and_by_place(void **)
{
    Scene scene;
    assert_false(scene.graph().fills_any(ann));
    scene.waits(ann, chunk_a);
    assert_false(scene.graph().fills_any(ann)); // waiting is not filling
    scene.fills(ann, chunk_b);
    assert_true(scene.graph().fills_any(ann));
    assert_false(scene.graph().fills_any(bob));
    assert_true(scene.graph().fills_within(ann, chunk_b, chunk_b + 1));
    assert_true(scene.graph().fills_within(ann, chunk_a, chunk_c));
    assert_false(scene.graph().fills_within(ann, chunk_a, chunk_b)); // the end does not belong to it
    assert_false(scene.graph().fills_within(ann, chunk_c, UINTPTR_MAX));
    scene.end_last();
    assert_false(scene.graph().fills_any(ann));
}

// -- whether there is anybody to wait for, when memory is used up

void only_others_of_the_same_core_count(void **)
{
    Scene scene;
    assert_false(scene.others_progress(ann));
    scene.fills(ann, chunk_a);
    scene.fills(bob, chunk_b, other_core);
    assert_false(scene.others_progress(ann));
    scene.fills(cid, chunk_c);
    assert_true(scene.others_progress(ann));
}

void who_waits_for_memory_himself_is_no_hope(void **)
{
    Scene scene;
    scene.fills(bob, chunk_b);
    scene.waits(bob, a_frame);
    assert_false(scene.others_progress(ann));
    scene.fills(cid, chunk_c);
    assert_true(scene.others_progress(ann));
}

void who_waits_for_us_is_no_hope(void **)
{
    Scene scene;
    scene.fills(ann, chunk_a);
    scene.fills(bob, chunk_b);
    scene.waits(bob, chunk_a);
    assert_false(scene.others_progress(ann));
    // Nor is one who waits for the one who waits for us.
    scene.fills(cid, chunk_c);
    scene.waits(cid, chunk_b);
    assert_false(scene.others_progress(ann));
    assert_true(scene.others_progress(bob)); // ann can go on
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_no_cycle),
        cmocka_unit_test(room_for_several_is_given_as_long_as_there_is_some),
        cmocka_unit_test(an_extent_is_filled_as_a_whole),
        cmocka_unit_test(the_innermost_counts),
        cmocka_unit_test(who_waits_for_what_he_fills_waits_for_ever),
        cmocka_unit_test(two_who_wait_for_each_other),
        cmocka_unit_test(a_ring_of_many),
        cmocka_unit_test(a_chain_is_no_cycle),
        cmocka_unit_test(a_fill_inside_a_fill_counts_as_both),
        cmocka_unit_test(the_end_of_a_fill_opens_the_cycle),
        cmocka_unit_test(waiting_for_memory_is_no_cycle),
        cmocka_unit_test(a_fault_of_a_filler_is_noted),
        cmocka_unit_test(a_newer_fault_replaces_the_older),
        cmocka_unit_test(who_fills_nothing_blocks_nobody),
        cmocka_unit_test(clearing_is_for_one_chunk),
        cmocka_unit_test(fills_are_known_by_thread_and_by_place),
        cmocka_unit_test(only_others_of_the_same_core_count),
        cmocka_unit_test(who_waits_for_memory_himself_is_no_hope),
        cmocka_unit_test(who_waits_for_us_is_no_hope),
    };
    return RUN(tests);
}
