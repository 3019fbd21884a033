// SPDX-License-Identifier: MIT
// Time, as the benchmarks take it.
#pragma once

#include <chrono>

namespace bench {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_since(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

[[nodiscard]] inline double microseconds_since(Clock::time_point start)
{
    return seconds_since(start) * 1e6;
}

} // namespace bench
