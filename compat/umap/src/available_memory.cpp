// SPDX-License-Identifier: MIT
#include "available_memory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace compat {
namespace {

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

/// The number after `key` in a file of keys and numbers; `otherwise` if there is none.
std::uint64_t number_of(const std::string &path, const std::string &key, std::uint64_t otherwise)
{
    std::ifstream file(path);
    std::string word;
    while (file >> word)
        if (std::uint64_t number = 0; word == key && file >> number)
            return number;
    return otherwise;
}

std::uint64_t number_in(const std::string &path)
{
    std::ifstream file(path);
    std::uint64_t number = 0;
    return file >> number ? number : unlimited; // "max"
}

/// Each control group (of version 2) from the process's own up to the root may have the tightest limit.
std::uint64_t left_by_groups()
{
    std::ifstream groups("/proc/self/cgroup");
    std::string line;
    while (std::getline(groups, line) && line.rfind("0::", 0) != 0) {
    }
    std::uint64_t left = unlimited;
    for (std::string group = line.size() > 3 ? line.substr(3) : ""; !group.empty(); group.resize(group.rfind('/'))) {
        const std::string folder = "/sys/fs/cgroup" + group + "/";
        const std::uint64_t limit = number_in(folder + "memory.max");
        const std::uint64_t used = number_in(folder + "memory.current");
        if (limit == unlimited || used == unlimited)
            continue;
        const std::uint64_t cache = std::min(used, number_of(folder + "memory.stat", "inactive_file", 0)); // leaves when asked to
        left = std::min(left, limit - std::min(limit, used - cache));
    }
    return left;
}

} // namespace

std::uint64_t available_memory() noexcept
{
    try {
        constexpr std::uint64_t gib = std::uint64_t{1} << 30;
        return std::min(number_of("/proc/meminfo", "MemAvailable:", gib / 1024) * 1024, left_by_groups());
    } catch (...) { // no memory for a path
        return 0;
    }
}

} // namespace compat
