// SPDX-License-Identifier: MIT
// Free ranges of a file: against a plain list of which bytes are taken.
#include "unit/unit.hpp"

#include "free_ranges.hpp"

#include <algorithm>

using namespace ufomem;
using unit::Random;

namespace {

void neighbours_merge(void **)
{
    Heap heap;
    FreeRanges ranges(heap);
    for (FreeRanges::Offset i = 0; i < 5; ++i)
        assert_int_equal(ranges.take(10), 10 * i);
    ranges.give(10, 10);
    ranges.give(30, 10);
    assert_int_equal(ranges.pieces(), 2);
    ranges.give(20, 10);
    assert_int_equal(ranges.pieces(), 1);
    assert_int_equal(ranges.take(30), 10);
    assert_int_equal(ranges.pieces(), 0);
}

void the_end_comes_back(void **)
{
    Heap heap;
    FreeRanges ranges(heap);
    ranges.take(10);
    ranges.take(20);
    ranges.take(30);
    ranges.give(10, 20);
    ranges.give(30, 30);
    assert_int_equal(ranges.end(), 10);
    assert_int_equal(ranges.pieces(), 0);
    ranges.give(0, 10);
    assert_int_equal(ranges.end(), 0);
}

void the_smallest_that_suffices_is_taken(void **)
{
    Heap heap;
    FreeRanges ranges(heap);
    const FreeRanges::Offset large = ranges.take(100);
    ranges.take(1);
    const FreeRanges::Offset small = ranges.take(20);
    ranges.take(1);
    ranges.give(large, 100);
    ranges.give(small, 20);
    assert_int_equal(ranges.take(15), small);
    assert_int_equal(ranges.take(6), large);
    assert_int_equal(ranges.take(5), small + 15);
    assert_int_equal(ranges.take(94), large + 6);
}

void what_was_never_given_back_is_no_hole(void **)
{
    Heap heap;
    FreeRanges ranges(heap);
    ranges.take(100);
    assert_false(ranges.take_hole(1).has_value());
    assert_false(ranges.take_largest().has_value());
    ranges.give(10, 10);
    ranges.give(40, 30);
    assert_int_equal(ranges.bytes(), 40);
    assert_false(ranges.take_hole(31).has_value());
    const auto largest = ranges.take_largest();
    assert_true(largest && largest->offset == 40 && largest->size == 30);
    assert_int_equal(ranges.take_hole(4).value_or(0), 10);
    assert_int_equal(ranges.bytes(), 6);
    const auto rest = ranges.take_largest();
    assert_true(rest && rest->offset == 14 && rest->size == 6);
    assert_int_equal(ranges.pieces(), 0);
    assert_int_equal(ranges.end(), 100);
}

void no_byte_is_given_out_twice(void **)
{
    Random random;
    Heap heap;
    FreeRanges ranges(heap);
    std::vector<bool> taken(1 << 16);
    struct Range {
        std::size_t offset, size;
    };
    std::vector<Range> mine;
    std::size_t bytes = 0;
    for (std::size_t round = 0; round < unit::rounds(20'000); ++round) {
        if (bytes > 20'000 || (!mine.empty() && random.one_in(2))) {
            Range &range = mine[random.below(mine.size())];
            const std::size_t part =
                random.between(1, range.size); // from its end, as chunks of an extent go one by one
            range.size -= part;
            bytes -= part;
            ranges.give(range.offset + range.size, part);
            std::fill_n(taken.begin() + static_cast<std::ptrdiff_t>(range.offset + range.size), part, false);
            if (range.size == 0) {
                range = mine.back();
                mine.pop_back();
            }
        } else {
            const std::size_t size = random.between(1, 300);
            const std::size_t offset = ranges.take(size);
            assert_true(offset + size <= taken.size() && offset + size <= ranges.end());
            for (std::size_t i = offset; i < offset + size; ++i) {
                assert_false(taken[i]);
                taken[i] = true;
            }
            mine.push_back({offset, size});
            bytes += size;
        }
        assert_int_equal(ranges.bytes(), ranges.end() - bytes);
    }
    for (const Range &range : mine)
        ranges.give(range.offset, range.size);
    assert_int_equal(ranges.end(), 0);
    assert_int_equal(ranges.pieces(), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_merge),
        cmocka_unit_test(the_end_comes_back),
        cmocka_unit_test(the_smallest_that_suffices_is_taken),
        cmocka_unit_test(what_was_never_given_back_is_no_hole),
        cmocka_unit_test(no_byte_is_given_out_twice),
    };
    return RUN(tests);
}
