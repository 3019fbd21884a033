// SPDX-License-Identifier: MIT
// What of a region is somebody else's: against a plain list of bytes.
#include "unit/unit.hpp"

#include "backing/taken_ranges.hpp"

#include <vector>

using namespace ufomem;
using unit::Random;

namespace {

constexpr std::size_t size = 200;

void nothing_is_taken_at_first(void **)
{
    std::byte bytes[size];
    Heap heap;
    TakenRanges taken(heap);
    assert_false(taken.any());
    assert_false(taken.meets(bytes, size));
    std::size_t others = 0;
    taken.for_each_other(bytes, size, [&](const std::byte *data, std::size_t length) {
        assert_ptr_equal(data, bytes);
        others += length;
    });
    assert_int_equal(others, size);
}

void against_a_list_of_bytes(void **)
{
    Random random;
    std::byte bytes[size];
    for (std::size_t round = 0, last = unit::rounds(300); round < last; ++round) {
        Heap heap;
        TakenRanges taken(heap);
        std::vector<bool> model(size);
        for (std::size_t i = 0, count = random.between(1, 8); i < count; ++i) {
            const std::size_t first = random.below(size);
            const std::size_t length = random.between(1, std::min<std::size_t>(30, size - first));
            taken.add(bytes + first, length);
            for (std::size_t at = first; at < first + length; ++at)
                model[at] = true;
        }
        for (std::size_t i = 0; i < 50; ++i) {
            const std::size_t first = random.below(size);
            const std::size_t length = random.between(1, size - first);
            bool expected = false;
            for (std::size_t at = first; at < first + length; ++at)
                expected |= model[at];
            assert_int_equal(taken.meets(bytes + first, length), expected);
        }
        // A part of it, so that ranges lie outside, and across both ends.
        const std::size_t first = random.below(size / 2);
        const std::size_t length = random.between(1, size - first);
        std::vector<bool> visited(size);
        taken.for_each_other(bytes + first, length, [&](const std::byte *data, std::size_t visits) {
            assert_true(visits != 0);
            for (std::size_t i = 0; i < visits; ++i) {
                const auto at = static_cast<std::size_t>(data - bytes) + i;
                assert_false(visited[at]);
                visited[at] = true;
            }
        });
        for (std::size_t at = 0; at < size; ++at)
            assert_int_equal(visited[at], at >= first && at < first + length && !model[at]);
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_taken_at_first),
        cmocka_unit_test(against_a_list_of_bytes),
    };
    return RUN(tests);
}
