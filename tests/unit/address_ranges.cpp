// SPDX-License-Identifier: MIT
// Parts of a region's addresses: against a plain list of bytes.
#include "unit/unit.hpp"

#include "backing/address_ranges.hpp"

#include <algorithm>
#include <vector>

#include <sys/resource.h>

using namespace ufomem;
using unit::Random;

namespace {

constexpr std::size_t size = 200;

void there_are_none_at_first(void **)
{
    std::byte bytes[size];
    Heap heap;
    AddressRanges<8> ranges(heap);
    assert_false(ranges.any());
    assert_false(ranges.meets(bytes, size));
    std::size_t others = 0;
    ranges.for_each_other(bytes, size, [&](const std::byte *data, std::size_t length) {
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
        AddressRanges<8> ranges(heap);
        std::vector<bool> model(size);
        for (std::size_t i = 0, count = random.between(1, 20); i < count; ++i) {
            const std::size_t first = random.below(size);
            const std::size_t length = random.between(1, std::min<std::size_t>(30, size - first));
            const bool adds = i == 0 || random.below(3) != 0;
            if (adds)
                ranges.add(bytes + first, length, WithoutMemory::nothing);
            else
                ranges.remove(bytes + first, length);
            std::fill_n(model.begin() + static_cast<std::ptrdiff_t>(first), length, adds);
        }
        for (std::size_t i = 0; i < 50; ++i) {
            const std::size_t first = random.below(size);
            const std::size_t length = random.between(1, size - first);
            bool expected = false;
            for (std::size_t at = first; at < first + length; ++at)
                expected |= model[at];
            assert_int_equal(ranges.meets(bytes + first, length), expected);
        }
        // A part of it, so that ranges lie outside, and across both ends.
        const std::size_t first = random.below(size / 2);
        const std::size_t length = random.between(1, size - first);
        std::vector<bool> visited(size);
        ranges.for_each_other(bytes + first, length, [&](const std::byte *data, std::size_t visits) {
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

class NoAddressSpace {
  public:
    NoAddressSpace()
    {
        getrlimit(RLIMIT_AS, &before_);
        const rlimit little{4096, before_.rlim_max};
        setrlimit(RLIMIT_AS, &little);
    }
    NoAddressSpace(const NoAddressSpace &) = delete;
    NoAddressSpace &operator=(const NoAddressSpace &) = delete;
    ~NoAddressSpace() { setrlimit(RLIMIT_AS, &before_); }

  private:
    rlimit before_{};
};

/// Without memory, eight are remembered as they are.
void without_memory(void **)
{
    constexpr std::size_t places = 12, place = 10; // every other one is added
    std::byte bytes[2 * places * place];
    for (const WithoutMemory otherwise : {WithoutMemory::too_much, WithoutMemory::nothing}) {
        Heap heap;
        AddressRanges<8> ranges(heap);
        {
            const NoAddressSpace none;
            for (std::size_t i = 0; i < places; ++i)
                ranges.add(bytes + 2 * i * place, place, otherwise);
        }
        for (std::size_t i = 0; i < places; ++i) {
            const bool gap_too = otherwise == WithoutMemory::too_much && i >= 7 && i + 1 < places;
            assert_int_equal(ranges.meets(bytes + 2 * i * place, place), i < 8 || otherwise == WithoutMemory::too_much);
            assert_int_equal(ranges.meets(bytes + (2 * i + 1) * place, place), gap_too);
        }
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(there_are_none_at_first),
        cmocka_unit_test(against_a_list_of_bytes),
        cmocka_unit_test(without_memory),
    };
    return RUN(tests);
}
