// SPDX-License-Identifier: MIT
// Runs one measuring program, on a machine that has been made ready for it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace bench {

/// What a program wrote: "key value" per line.
using Figures = std::map<std::string, std::string>;

/// Runs `program` and gives what it wrote.  Empty if it failed; its own message has then gone to standard error.
[[nodiscard]] Figures run_program(const std::string &program, const std::vector<std::string> &arguments);

/// Touches memory in a child process, so that the machine has it at hand: a virtual machine may have given it away.
void warm_memory(std::size_t bytes);

/// Reads a file, so that it is in the page cache.
void warm_file(const std::string &path);

/// Writes the numbers of numbers.hpp to a file.
void make_number_file(const std::string &path, std::size_t bytes);

[[nodiscard]] inline double number(const Figures &figures, const std::string &key)
{
    const auto found = figures.find(key);
    return found == figures.end() ? 0.0 : std::stod(found->second);
}

} // namespace bench
