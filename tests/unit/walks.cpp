// SPDX-License-Identifier: MIT
// What walks have in memory, and which of it was let go too early.
#include "unit/unit.hpp"

#include "walks.hpp"

using namespace ufomem;

namespace {

constexpr std::size_t MiB = 1024 * 1024;

Candidate candidate(std::size_t chunk, std::size_t bytes) { return {RegionTicket{}, ChunkIndex{chunk}, bytes}; }

void what_is_on_its_way_in_counts(void **)
{
    Heap heap;
    Walks walks(heap);
    assert_true(walks.queue.push(candidate(0, 2 * MiB), 0));
    {
        const Walks::Arrival arrival(walks, MiB);
        assert_int_equal(walks.bytes(), 3 * MiB);
    }
    assert_int_equal(walks.bytes(), 2 * MiB);
}

void what_never_left_is_not_wanted_again(void **)
{
    Heap heap;
    Walks walks(heap);
    assert_true(walks.queue.push(candidate(0, 64 * MiB), 0));
    assert_false(walks.is_wanted_again(ChunkWord{}.left_at()));
}

void what_comes_back_soon_is_wanted_again(void **)
{
    Heap heap;
    Walks walks(heap);
    assert_true(walks.queue.push(candidate(0, 64 * MiB), 0));
    walks.note_left(100 * MiB);
    const ChunkWord gone = ChunkWord{}.absent_since(walks.now());
    assert_true(gone.is(ChunkState::absent));
    assert_true(walks.is_wanted_again(gone.left_at()));
    walks.note_left(60 * MiB); // less than walks hold: it could have stayed
    assert_true(walks.is_wanted_again(gone.left_at()));
    walks.note_left(10 * MiB);
    assert_false(walks.is_wanted_again(gone.left_at()));
}

void the_clock_may_turn_over(void **)
{
    Heap heap;
    Walks walks(heap);
    assert_true(walks.queue.push(candidate(0, 64 * MiB), 0));
    const std::size_t turn = (std::size_t{1} << ChunkWord::time_bits) * 64 * 1024;
    walks.note_left(turn - MiB);
    const ChunkWord::Bits left_at = walks.now();
    walks.note_left(2 * MiB);
    assert_true(walks.is_wanted_again(left_at));
    walks.note_left(100 * MiB);
    assert_false(walks.is_wanted_again(left_at));
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_on_its_way_in_counts),
        cmocka_unit_test(what_never_left_is_not_wanted_again),
        cmocka_unit_test(what_comes_back_soon_is_wanted_again),
        cmocka_unit_test(the_clock_may_turn_over),
    };
    return RUN(tests);
}
