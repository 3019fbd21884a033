// SPDX-License-Identifier: MIT
// Who leaves next: in the order of arrival, in batches of neighbours.
#include "unit/unit.hpp"

#include "resident_queue.hpp"

#include <array>

using namespace ufomem;
using unit::Random;

namespace {

constexpr std::size_t everything = SIZE_MAX;

Candidate candidate(std::size_t chunk, std::size_t bytes = 1) { return {RegionTicket{}, ChunkIndex{chunk}, bytes}; }

std::vector<std::size_t> pop(ResidentQueue &queue, std::size_t bytes, std::size_t room = 64)
{
    std::vector<Candidate> candidates(room);
    std::vector<std::size_t> chunks;
    for (const Candidate &one : queue.pop(candidates, bytes))
        chunks.push_back(one.chunk.value);
    return chunks;
}

void an_empty_queue_gives_nothing(void **)
{
    Heap heap;
    ResidentQueue queue(heap);
    assert_true(pop(queue, everything).empty());
    assert_int_equal(queue.size(), 0);
}

void neighbours_leave_in_the_order_of_arrival(void **)
{
    Heap heap;
    ResidentQueue queue(heap);
    for (std::size_t chunk : {7, 3, 9, 1})
        assert_true(queue.push(candidate(chunk), 5));
    assert_int_equal(queue.size(), 4);
    const std::vector<std::size_t> chunks = pop(queue, everything);
    assert_true((chunks == std::vector<std::size_t>{7, 3, 9, 1}));
    assert_int_equal(queue.size(), 0);
}

void a_batch_is_no_larger_than_needed(void **)
{
    Heap heap;
    ResidentQueue queue(heap);
    for (std::size_t chunk = 0; chunk < 10; ++chunk)
        assert_true(queue.push(candidate(chunk, 100), 0));
    assert_int_equal(pop(queue, 1).size(), 1);
    assert_int_equal(pop(queue, 200).size(), 2);
    assert_int_equal(pop(queue, 201).size(), 3);           // two would not be enough
    assert_int_equal(pop(queue, everything, 2).size(), 2); // there is no room for more
    assert_int_equal(queue.size(), 2);
}

void a_batch_is_of_one_neighbourhood(void **)
{
    Heap heap;
    ResidentQueue queue(heap);
    for (std::size_t chunk = 0; chunk < 20; ++chunk)
        assert_true(queue.push(candidate(chunk), chunk % 2)); // two that come in turns
    std::vector<std::size_t> sizes;
    for (std::size_t left = 20; left > 0;) {
        const std::vector<std::size_t> chunks = pop(queue, everything);
        for (const std::size_t chunk : chunks)
            assert_int_equal(chunk % 2, chunks[0] % 2);
        left -= chunks.size();
        sizes.push_back(chunks.size());
    }
    assert_int_equal(sizes.size(), 2);
}

void neighbourhoods_take_turns(void **)
{
    Heap heap;
    ResidentQueue queue(heap);
    for (std::size_t round = 0; round < 3; ++round)
        for (std::size_t neighbourhood = 0; neighbourhood < 8; ++neighbourhood)
            assert_true(queue.push(candidate(neighbourhood), neighbourhood));
    for (std::size_t round = 0; round < 3; ++round) {
        std::size_t seen = 0;
        for (std::size_t i = 0; i < 8; ++i)
            seen |= std::size_t{1} << pop(queue, 1).at(0);
        assert_int_equal(seen, 255); // each lost one before any lost two
    }
}

void the_newest_are_shown_and_taken_one_by_one(void **)
{
    Heap heap;
    ResidentQueue queue(heap);
    for (std::size_t chunk = 0; chunk < 10; ++chunk)
        assert_true(queue.push(candidate(chunk, 100), 3));
    std::array<Candidate, 4> room;
    const std::span<Candidate> newest = queue.newest(3, room);
    assert_int_equal(newest.size(), 4);
    for (std::size_t i = 0; i < newest.size(); ++i)
        assert_int_equal(newest[i].chunk.value, 9 - i);
    assert_int_equal(queue.size(), 10); // they are still there
    assert_true(queue.remove(3, newest[1]));
    assert_false(queue.remove(3, newest[1])); // somebody was faster
    assert_int_equal(queue.size(), 9);
    assert_int_equal(queue.bytes(), 900);
    const std::vector<std::size_t> chunks = pop(queue, everything);
    assert_true((chunks == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 9}));
}

void what_means_nothing_is_dropped(void **)
{
    Heap heap;
    ResidentQueue queue(heap);
    for (std::size_t chunk = 0; chunk < 100; ++chunk)
        assert_true(queue.push(candidate(chunk), chunk));
    queue.compact([](const Candidate &one) { return one.chunk.value % 10 == 0; });
    assert_int_equal(queue.size(), 10);
    std::size_t found = 0;
    for (std::vector<std::size_t> chunks; !(chunks = pop(queue, everything)).empty();)
        for (const std::size_t chunk : chunks) {
            assert_int_equal(chunk % 10, 0);
            ++found;
        }
    assert_int_equal(found, 10);
}

void it_is_time_to_compact_when_half_means_nothing(void **)
{
    Heap heap;
    ResidentQueue queue(heap);
    assert_false(queue.note_stale(1023)); // not worth it
    for (std::size_t chunk = 0; chunk < 10000; ++chunk)
        assert_true(queue.push(candidate(chunk), chunk));
    assert_false(queue.note_stale(3976)); // 4999 now
    assert_true(queue.note_stale(1));
    assert_false(queue.note_stale(1)); // counted anew
}

/// Threads put in and take out; everything comes out exactly once.
void nothing_is_lost_or_doubled_among_threads(void **)
{
    constexpr std::size_t pushers = 2;
    constexpr std::size_t poppers = 2;
    const std::size_t each = unit::rounds(50000);
    Heap heap;
    ResidentQueue queue(heap);
    std::vector<std::atomic<int>> popped(pushers * each);
    std::atomic<std::size_t> left{pushers * each};
    unit::on_threads(pushers + poppers, [&](std::size_t thread) {
        Random random(thread);
        if (thread < pushers) {
            for (std::size_t i = 0; i < each; ++i)
                queue.push(candidate(thread * each + i), random.below(20));
            return;
        }
        std::array<Candidate, 16> room;
        while (left.load() != 0) {
            const std::span<Candidate> batch = queue.pop(room, random.between(1, 30));
            for (const Candidate &one : batch)
                popped[one.chunk.value].fetch_add(1);
            left.fetch_sub(batch.size());
            if (batch.empty())
                std::this_thread::yield();
        }
    });
    for (const std::atomic<int> &times : popped)
        assert_int_equal(times.load(), 1);
    assert_int_equal(queue.size(), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_queue_gives_nothing),
        cmocka_unit_test(neighbours_leave_in_the_order_of_arrival),
        cmocka_unit_test(a_batch_is_no_larger_than_needed),
        cmocka_unit_test(a_batch_is_of_one_neighbourhood),
        cmocka_unit_test(neighbourhoods_take_turns),
        cmocka_unit_test(the_newest_are_shown_and_taken_one_by_one),
        cmocka_unit_test(what_means_nothing_is_dropped),
        cmocka_unit_test(it_is_time_to_compact_when_half_means_nothing),
        cmocka_unit_test(nothing_is_lost_or_doubled_among_threads),
    };
    return RUN(tests);
}
