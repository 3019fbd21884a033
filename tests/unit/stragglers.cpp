// SPDX-License-Identifier: MIT
// Chunks without a place in the queue: none is forgotten, and nothing is allocated.
#include "unit/unit.hpp"

#include "stragglers.hpp"

using namespace ufomem;

namespace {

RegionTicket region(std::uint32_t generation) { return {nullptr, generation}; }

void there_are_none_at_first(void **)
{
    Stragglers stragglers;
    Stragglers::Stretches room;
    assert_true(stragglers.take(room).empty());
}

void those_of_a_region_are_one_stretch(void **)
{
    Stragglers stragglers;
    for (const std::size_t chunk : {7, 3, 9, 5})
        assert_true(stragglers.add(region(1), ChunkIndex{chunk}));
    assert_true(stragglers.add(region(2), ChunkIndex{4}));
    Stragglers::Stretches room;
    const std::span<const Stragglers::Stretch> taken = stragglers.take(room);
    assert_int_equal(taken.size(), 2);
    assert_true(taken[0].region == region(1));
    assert_int_equal(taken[0].first.value, 3);
    assert_int_equal(taken[0].last.value, 9);
    assert_true(taken[1].region == region(2));
    assert_int_equal(taken[1].first.value, 4);
    assert_int_equal(taken[1].last.value, 4);
    assert_true(stragglers.take(room).empty());
}

void too_many_regions_are_refused(void **)
{
    Stragglers stragglers;
    for (std::uint32_t i = 0; i < Stragglers::most; ++i)
        assert_true(stragglers.add(region(i), ChunkIndex{1}));
    assert_false(stragglers.add(region(Stragglers::most), ChunkIndex{1}));
    assert_true(stragglers.add(region(0), ChunkIndex{2})); // one that is known
    Stragglers::Stretches room;
    assert_int_equal(stragglers.take(room).size(), Stragglers::most);
    assert_true(stragglers.add(region(Stragglers::most), ChunkIndex{1}));
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(there_are_none_at_first),
        cmocka_unit_test(those_of_a_region_are_one_stretch),
        cmocka_unit_test(too_many_regions_are_refused),
    };
    return RUN(tests);
}
