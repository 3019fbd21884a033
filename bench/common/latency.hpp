// SPDX-License-Identifier: MIT
// The time that one access of an absent chunk takes.
#pragma once

#include "common/access.hpp"
#include "common/record.hpp"
#include "common/samples.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace bench {

/// An array for this measurement has more chunks than are touched, so that no neighbours are touched in a row.
constexpr std::size_t latency_spread = 4;

/// Calls `touch(chunk)` for chunks in random order, each of them once, and records what a call takes.
template <class Touch> void record_latency(std::size_t faults, Touch touch)
{
    std::vector<std::size_t> chunks(faults * latency_spread);
    std::iota(chunks.begin(), chunks.end(), std::size_t{0});
    Random random(42);
    for (std::size_t i = chunks.size() - 1; i > 0; i--)
        std::swap(chunks[i], chunks[random.below(i + 1)]);

    constexpr std::size_t warm_up = 16;
    std::vector<double> times;
    times.reserve(faults);
    for (std::size_t i = 0; i < faults; i++) {
        const auto start = Clock::now();
        touch(chunks[i]);
        const double time = microseconds_since(start);
        if (i >= warm_up)
            times.push_back(time);
    }
    record("median_us", quantile(times, 0.5));
    record("p99_us", quantile(times, 0.99));
}

/// Loads one element and checks it: a fault, if its chunk is absent.
inline void load(const Element *array, std::size_t index)
{
    if (*static_cast<const volatile Element *>(array + index) != value_at(index))
        die("an element is wrong");
}

} // namespace bench
