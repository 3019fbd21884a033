// SPDX-License-Identifier: MIT
#include "memory_figures.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>

#include <unistd.h>

namespace ufomem::kernel {
namespace {

struct CloseFile {
    void operator()(std::FILE *file) const { std::fclose(file); }
};

/// Empty if it cannot be read.
std::string content_of(const std::string &path)
{
    std::string text;
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
    char part[4096];
    for (std::size_t got = 0; file && (got = std::fread(part, 1, sizeof part, file.get())) > 0;)
        text.append(part, got);
    return text;
}

std::optional<std::uint64_t> number_in(std::string_view text)
{
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    std::uint64_t number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc{})
        return std::nullopt;
    return number;
}

/// The number of a file that has nothing else; "max" and a file that is not there are none.
std::optional<std::uint64_t> number_of(const std::string &path) { return number_in(content_of(path)); }

/// The number in the line that begins with `key`.
std::optional<std::uint64_t> figure(std::string_view text, std::string_view key)
{
    while (!text.empty()) {
        if (text.starts_with(key))
            return number_in(text.substr(key.size()));
        const std::size_t end = text.find('\n');
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return std::nullopt;
}

/// What the two versions of control groups call the same things.
struct Version {
    const char *mount; ///< version 2 has one hierarchy, version 1 one for the controller of memory
    const char *limit, *throttle, *usage;
    const char *outer_limit, *inactive_cache, *active_cache; ///< in memory.stat
    std::array<const char *, 2> unwritten; ///< likewise: of the cache, what is not on the disk yet
};
constexpr Version version_1{"/sys/fs/cgroup/memory", "memory.limit_in_bytes",     nullptr,
                            "memory.usage_in_bytes", "hierarchical_memory_limit", "total_inactive_file ", "total_active_file ", {"total_dirty ", "total_writeback "}};
constexpr Version version_2{"/sys/fs/cgroup", "memory.max", "memory.high", "memory.current", nullptr, "inactive_file ", "active_file ", {"file_dirty ", "file_writeback "}};

struct Group {
    std::string folder; ///< with a slash at its end
    const Version *version;
};

struct Room {
    Group group;
    std::uint64_t limit, usage;
    std::uint64_t available() const { return limit - std::min(limit, usage); }
};

/// From this process's group up to the root.  In a container that sees its own part of the hierarchy only, groups that are not there are passed over.
std::vector<Group> groups_above(const std::string &root)
{
    std::vector<Group> groups;
    const std::string text = content_of(root + "/proc/self/cgroup");
    for (std::string_view rest = text; !rest.empty();) { // "7:memory,cpu:/a/b" or "0::/a/b"
        const std::size_t end = rest.find('\n');
        const std::string line(rest.substr(0, end));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos)
            continue;
        const std::string controllers = ',' + line.substr(first + 1, second - first - 1) + ',';
        const bool second_version = controllers == ",,";
        if (!second_version && controllers.find(",memory,") == std::string::npos)
            continue;
        const Version &version = second_version ? version_2 : version_1;
        for (std::string group = line.substr(second + 1);;) {
            if (group == "/")
                group.clear();
            groups.push_back({root + version.mount + group + '/', &version});
            const std::size_t slash = group.rfind('/');
            if (slash == std::string::npos)
                break;
            group.resize(slash);
        }
    }
    return groups;
}

/// Without a number, there is no limit.
std::optional<std::uint64_t> limit_of(const Group &group, std::string_view statistics)
{
    std::optional<std::uint64_t> least;
    const auto consider = [&least](std::optional<std::uint64_t> limit) {
        if (limit && (!least || *limit < *least))
            least = limit;
    };
    consider(number_of(group.folder + group.version->limit));
    if (group.version->throttle) // beyond it, threads are made to sleep
        consider(number_of(group.folder + group.version->throttle));
    if (group.version->outer_limit) // also of groups that cannot be seen from here
        consider(figure(statistics, group.version->outer_limit));
    return least;
}

std::uint64_t machine_total(const std::string &meminfo) { return figure(meminfo, "MemTotal:").value_or(0) * 1024; }

/// The groups that have less than the machine.
std::vector<Room> limited_groups(const std::string &root, std::uint64_t machine)
{
    std::vector<Room> rooms;
    for (Group &group : groups_above(root)) {
        const std::string statistics = content_of(group.folder + "memory.stat");
        const auto limit = limit_of(group, statistics);
        if (!limit || (machine != 0 && *limit >= machine)) // version 1 writes a huge number for no limit
            continue;
        const std::uint64_t usage = number_of(group.folder + group.version->usage).value_or(0);
        // Page cache counts as used, but leaves when memory is asked for; unless it has to be written first, for which the kernel does not always wait.
        // What was used more than once, as places of the spill are, is no exception.
        std::uint64_t cache = figure(statistics, group.version->inactive_cache).value_or(0) + figure(statistics, group.version->active_cache).value_or(0);
        for (const char *unwritten : group.version->unwritten)
            cache -= std::min(cache, figure(statistics, unwritten).value_or(0));
        rooms.push_back({std::move(group), *limit, usage - std::min(usage, cache)});
    }
    return rooms;
}

std::uint64_t pages(int name)
{
    const long count = sysconf(name);
    return count > 0 ? static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

} // namespace

std::uint64_t total_memory(const std::string &root)
{
    std::uint64_t total = machine_total(content_of(root + "/proc/meminfo"));
    for (const Room &room : limited_groups(root, total))
        total = std::min(total, room.limit);
    return total;
}

std::size_t available_memory(const std::string &root) noexcept
{
    try {
        const std::string meminfo = content_of(root + "/proc/meminfo");
        const auto told = figure(meminfo, "MemAvailable:");
        std::uint64_t available = told ? *told * 1024 : pages(_SC_AVPHYS_PAGES);
        for (const Room &room : limited_groups(root, machine_total(meminfo)))
            available = std::min(available, room.available());
        return static_cast<std::size_t>(available);
    } catch (...) { // no memory for a path
        return static_cast<std::size_t>(pages(_SC_AVPHYS_PAGES));
    }
}

std::vector<std::string> pressure_files(const std::string &root)
{
    std::vector<std::string> files{root + "/proc/pressure/memory"};
    for (const Room &room : limited_groups(root, machine_total(content_of(root + "/proc/meminfo"))))
        if (room.group.version == &version_2)
            files.push_back(room.group.folder + "memory.pressure");
    return files;
}

double MemoryFigures::stalled(const std::string &pressure_file, std::chrono::steady_clock::time_point now)
{
    // "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234": the total is exact for any interval, the averages lag behind.
    constexpr std::string_view key = "total=";
    const std::string text = content_of(pressure_file);
    const std::size_t at = text.find(key);
    const std::optional<std::uint64_t> total =
        at == std::string::npos ? std::nullopt : number_in(std::string_view(text).substr(at + key.size()));
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
    const std::string meminfo = content_of(root_ + "/proc/meminfo");
    const std::uint64_t total = machine_total(meminfo);
    rooms.push_back(
        {total, figure(meminfo, "MemAvailable:").value_or(0) * 1024, stalled(root_ + "/proc/pressure/memory", now)});
    for (const Room &room : limited_groups(root_, total)) {
        const double waited =
            room.group.version == &version_2 ? stalled(room.group.folder + "memory.pressure", now) : 0;
        rooms.push_back({room.limit, room.available(), waited});
    }
    return rooms;
}

} // namespace ufomem::kernel
