// SPDX-License-Identifier: MIT
// Where the numbers were measured.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace bench {

/// Name and value, in the order in which people want to read them.
using Facts = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] Facts machine_facts();

/// Threads that wanted to run, on average over the last minute.
[[nodiscard]] double load_average();

} // namespace bench
