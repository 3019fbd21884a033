// SPDX-License-Identifier: MIT
#include "memory_figures.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>

namespace ufod {
namespace {

std::optional<std::uint64_t> number_in(std::string_view text)
{
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    std::uint64_t number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{})
        return std::nullopt;
    return number;
}

/// The number that follows `key` in the first line with it; "max" and a file that is not there are no number.
std::optional<std::uint64_t> figure(const std::string &path, std::string_view key)
{
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (const std::size_t at = line.find(key); at != std::string::npos)
            return number_in(std::string_view(line).substr(at + key.size()));
    return std::nullopt;
}

/// The files of a control group, which both versions have under other names.
struct GroupFiles {
    std::string folder;
    const char *limit;
    const char *usage;
};

/// Version 2 has one hierarchy, without names of controllers; version 1 one with the controller memory.
constexpr struct {
    const char *mount, *limit, *usage;
} versions[] = {{"/sys/fs/cgroup", "memory.max", "memory.current"},
                {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"}};

/// From this process's group up to the root.
std::vector<GroupFiles> groups_above(const std::string &root)
{
    std::vector<GroupFiles> groups;
    std::ifstream file(root + "/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) { // "7:memory,cpu:/a/b" or "0::/a/b"
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos)
            continue;
        const std::string controllers = ',' + line.substr(first + 1, second - first - 1) + ',';
        const bool second_version = controllers == ",,";
        if (!second_version && controllers.find(",memory,") == std::string::npos)
            continue;
        const auto &[mount, limit, usage] = versions[second_version ? 0 : 1];
        for (std::string group = line.substr(second + 1);;) {
            groups.push_back({root + mount + group + '/', limit, usage});
            const std::size_t slash = group.rfind('/');
            if (slash == std::string::npos)
                break;
            group.resize(slash);
        }
    }
    return groups;
}

std::uint64_t machine_total(const std::string &root)
{
    return figure(root + "/proc/meminfo", "MemTotal:").value_or(0) * 1024;
}

} // namespace

std::uint64_t total_memory(const std::string &root)
{
    std::uint64_t total = machine_total(root);
    for (const GroupFiles &group : groups_above(root))
        if (const auto limit = figure(group.folder + group.limit, ""))
            total = std::min(total, *limit);
    return total;
}

double MemoryFigures::stalled(const std::string &pressure_file, std::chrono::steady_clock::time_point now)
{
    // "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234": the total is exact for any interval, the averages lag behind.
    const std::optional<std::uint64_t> total = figure(pressure_file, "total=");
    if (!total)
        return 0;
    const auto [seen, first] = seen_.try_emplace(pressure_file, Seen{*total, now});
    const Seen before = seen->second;
    seen->second = {*total, now};
    const auto passed = std::chrono::duration<double, std::micro>(now - before.when).count();
    if (first || passed <= 0 || *total < before.microseconds)
        return 0;
    return std::min(1.0, static_cast<double>(*total - before.microseconds) / passed);
}

std::vector<MemoryRoom> MemoryFigures::look(std::chrono::steady_clock::time_point now)
{
    std::vector<MemoryRoom> rooms;
    const std::uint64_t total = machine_total(root_);
    rooms.push_back({total, figure(root_ + "/proc/meminfo", "MemAvailable:").value_or(0) * 1024,
                     stalled(root_ + "/proc/pressure/memory", now)});
    for (const GroupFiles &group : groups_above(root_)) {
        const auto limit = figure(group.folder + group.limit, "");
        const auto usage = figure(group.folder + group.usage, "");
        if (!limit || !usage || *limit >= total) // version 1 writes a huge number for no limit
            continue;
        // Page cache counts as used, but leaves when memory is asked for.
        const std::uint64_t cache = figure(group.folder + "memory.stat", "inactive_file ").value_or(0);
        const std::uint64_t used = *usage - std::min(*usage, cache);
        rooms.push_back({*limit, *limit - std::min(*limit, used), stalled(group.folder + "memory.pressure", now)});
    }
    return rooms;
}

} // namespace ufod
