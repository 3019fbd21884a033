// SPDX-License-Identifier: MIT
// The array that all benchmarks work on: element i is 3 * i + 7.  Cheap to compute, and its sum is known.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bench {

using Element = std::int64_t;

[[nodiscard]] constexpr Element value_at(std::size_t index)
{
    return 3 * static_cast<Element>(index) + 7;
}

inline void generate(std::size_t first, std::size_t count, Element *out)
{
    for (std::size_t i = 0; i < count; i++)
        out[i] = value_at(first + i);
}

[[nodiscard]] constexpr Element expected_sum(std::size_t count)
{
    const auto n = static_cast<std::uint64_t>(count); // unsigned: wraps around as the sum itself does
    return static_cast<Element>(3 * (n * (n - 1) / 2) + 7 * n);
}

} // namespace bench
