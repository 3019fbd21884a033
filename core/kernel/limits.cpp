// SPDX-License-Identifier: MIT
#include "limits.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include <unistd.h>

namespace ufomem::kernel {
namespace {

constexpr std::uint64_t unlimited = UINT64_MAX;

/// A number in a file of its own; unlimited for "max", or if there is no such file.
std::uint64_t read_number(const std::string &path)
{
    std::uint64_t number = unlimited;
    if (std::FILE *file = std::fopen(path.c_str(), "re")) {
        if (unsigned long long value = 0; std::fscanf(file, "%llu", &value) == 1)
            number = value;
        std::fclose(file);
    }
    return number;
}

std::uint64_t machine_available()
{
    std::uint64_t available = unlimited;
    if (std::FILE *file = std::fopen("/proc/meminfo", "re")) {
        char line[128];
        unsigned long long kib = 0;
        while (std::fgets(line, sizeof line, file))
            if (std::sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
                available = kib * 1024;
        std::fclose(file);
    }
    if (available == unlimited) {
        const long pages = sysconf(_SC_AVPHYS_PAGES);
        available = pages > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
    }
    return available;
}

/// Page cache counts as used, but leaves when memory is asked for.
std::uint64_t reclaimable_cache(const std::string &stat_path)
{
    std::uint64_t bytes = 0;
    if (std::FILE *file = std::fopen(stat_path.c_str(), "re")) {
        char line[128];
        unsigned long long value = 0;
        while (std::fgets(line, sizeof line, file))
            if (std::sscanf(line, "inactive_file %llu", &value) == 1)
                bytes = value;
        std::fclose(file);
    }
    return bytes;
}

/// Walks from the process's group to the root: each group on the way may have the tightest limit.
std::uint64_t group_available(const std::string &root, std::string group, const char *limit_file, const char *usage_file)
{
    std::uint64_t available = unlimited;
    for (;;) {
        const std::string folder = root + group + "/";
        const std::uint64_t limit = read_number(folder + limit_file);
        const std::uint64_t usage = read_number(folder + usage_file);
        if (limit != unlimited && usage != unlimited) {
            const std::uint64_t used = usage - std::min(usage, reclaimable_cache(folder + "memory.stat"));
            available = std::min(available, limit - std::min(limit, used));
        }
        const std::size_t slash = group.rfind('/');
        if (group.empty() || slash == std::string::npos)
            return available;
        group.resize(slash);
    }
}

std::uint64_t groups_available()
{
    std::uint64_t available = unlimited;
    std::FILE *file = std::fopen("/proc/self/cgroup", "re");
    if (!file)
        return available;
    char line[4096];
    while (std::fgets(line, sizeof line, file)) {
        line[std::strcspn(line, "\n")] = '\0';
        char *controllers = std::strchr(line, ':');
        char *group = controllers ? std::strchr(controllers + 1, ':') : nullptr;
        if (!group)
            continue;
        *group++ = '\0';
        ++controllers;
        if (*controllers == '\0')
            available = std::min(available, group_available("/sys/fs/cgroup", group, "memory.max", "memory.current"));
        else if (std::strstr(controllers, "memory"))
            available = std::min(available, group_available("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes", "memory.usage_in_bytes"));
    }
    std::fclose(file);
    return available;
}

} // namespace

std::size_t available_memory() noexcept
{
    try {
        return static_cast<std::size_t>(std::min(machine_available(), groups_available()));
    } catch (...) { // no memory for a path
        return static_cast<std::size_t>(machine_available());
    }
}

} // namespace ufomem::kernel
