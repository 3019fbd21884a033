// SPDX-License-Identifier: MIT
// What is measured: groups of cases that answer one question together.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

enum class Kind {
    yardstick, ///< another way to the same result, under other conditions
    floor,     ///< the same by bare system calls: what the library is compared with
    library,
};

enum class Unit { nanoseconds, microseconds, gibibytes_per_second, kiloreads_per_second, percent };

struct Case {
    Kind kind;
    std::string name;
    std::string program;
    std::vector<std::string> arguments;
    std::size_t memory; ///< that a run touches; made ready before
    std::size_t chunk;  ///< unit in which it fills; 0: none
};

struct Group {
    std::string name;
    std::string title;
    Unit unit;
    std::vector<Case> cases;
};

struct Scale {
    std::size_t bytes;  ///< of the array
    std::size_t budget; ///< that it may have resident
    std::size_t faults; ///< that are timed one by one
};

[[nodiscard]] std::vector<Group> plan(const Scale &scale, const std::string &file);

[[nodiscard]] std::string size_text(std::size_t bytes);

} // namespace bench
