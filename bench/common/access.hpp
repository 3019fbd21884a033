// SPDX-License-Identifier: MIT
// The ways in which an array is used.  Floors and library run the very same loops, and each checks what it read.
#pragma once

#include "common/clock.hpp"
#include "common/die.hpp"
#include "common/numbers.hpp"
#include "common/team.hpp"

#include <span>

namespace bench {

/// A small generator that every thread can have one of (splitmix64).
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next()
    {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(next() % limit); }

  private:
    std::uint64_t state_;
};

/// Reads every element in order.  Returns seconds.
inline double scan(std::span<const Element> array)
{
    const auto start = Clock::now();
    std::uint64_t sum = 0;
    for (const Element element : array)
        sum += static_cast<std::uint64_t>(element);
    const double seconds = seconds_since(start);
    if (static_cast<Element>(sum) != expected_sum(array.size()))
        die("the sum of the array is wrong");
    return seconds;
}

/// Reads every element in order and overwrites every tenth with its negative.  Returns seconds.
inline double scan_and_write(std::span<Element> array)
{
    constexpr std::size_t step = 10;
    const auto start = Clock::now();
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < array.size(); i++) {
        sum += static_cast<std::uint64_t>(array[i]);
        if (i % step == 0)
            array[i] = -array[i];
    }
    const double seconds = seconds_since(start);
    if (static_cast<Element>(sum) != expected_sum(array.size()))
        die("the sum of the array is wrong");

    // The changes must have survived; a few hundred places tell, outside the measured time.
    Random random(1);
    for (int probe = 0; probe < 500; probe++) {
        const std::size_t i = random.below(array.size());
        if (array[i] != (i % step == 0 ? -value_at(i) : value_at(i)))
            die("a written element was lost");
    }
    return seconds;
}

/// Every thread of the team reads so many elements, anywhere.  Returns seconds.
inline double random_reads(std::span<const Element> array, std::size_t reads, Team &team)
{
    const auto start = Clock::now();
    team.run([&](unsigned thread) {
        Random random(1000 + thread);
        for (std::size_t read = 0; read < reads; read++) {
            const std::size_t i = random.below(array.size());
            if (array[i] != value_at(i))
                die("an element is wrong");
        }
    });
    return seconds_since(start);
}

} // namespace bench
