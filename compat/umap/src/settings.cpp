// SPDX-License-Identifier: MIT
#include "settings.hpp"

#include "log.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <unistd.h>

namespace compat {
namespace {

/// Leaves `value` as it is, and says so, if the variable holds something else than a number within the limits.
void read(const char *name, std::uint64_t &value, std::uint64_t least, std::uint64_t most) noexcept
{
    const char *text = std::getenv(name);
    if (!text || *text == '\0')
        return;
    std::uint64_t number = 0;
    const char *end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, number);
    if (error == std::errc{} && stop == end && number >= least && number <= most) {
        value = number;
        return;
    }
    log(Level::warning, "%s is '%s', which is no number from %llu to %llu: using %llu", name, text, static_cast<unsigned long long>(least),
        static_cast<unsigned long long>(most), static_cast<unsigned long long>(value));
}

} // namespace

std::size_t system_page_size() noexcept
{
    static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

bool is_page_size(std::uint64_t bytes) noexcept
{
    return bytes != 0 && bytes % system_page_size() == 0 && bytes <= std::uint64_t{1} << 40;
}

bool are_thresholds(std::int64_t low, std::int64_t high) noexcept { return low > 0 && low < high && high <= 100; }

Settings settings_from_environment() noexcept
{
    constexpr std::uint64_t many = std::uint64_t{1} << 40;
    const std::uint64_t processors = std::thread::hardware_concurrency();
    Settings settings;
    settings.page_size = system_page_size();
    settings.fillers = settings.evictors = processors != 0 ? processors : 16;

    std::uint64_t page_size = settings.page_size;
    read("UMAP_PAGESIZE", page_size, 1, many);
    if (is_page_size(page_size))
        settings.page_size = page_size;
    else
        log(Level::warning, "UMAP_PAGESIZE is %llu, which is no multiple of the system's page size: using %zu", static_cast<unsigned long long>(page_size),
            settings.page_size);

    read("UMAP_BUFSIZE", settings.buffer_pages, 1, many);
    read("UMAP_READ_AHEAD", settings.read_ahead_pages, 0, many);
    read("UMAP_PAGE_FILLERS", settings.fillers, 1, 1024);
    read("UMAP_PAGE_EVICTORS", settings.evictors, 1, 1024);
    read("UMAP_BUFADAPT_FREQ", settings.adapt_seconds, 0, 86'400);
    read("UMAP_MAX_FAULT_EVENTS", settings.max_fault_events, 1, 65'536);
    if (settings.buffer_pages != 0 && settings.buffer_pages < least_buffer_pages) {
        settings.buffer_pages = least_buffer_pages;
        log(Level::warning, "UMAP_BUFSIZE is 1, which leaves no room to replace a page: using 2");
    }

    auto low = static_cast<std::uint64_t>(settings.low_percent);
    auto high = static_cast<std::uint64_t>(settings.high_percent);
    read("UMAP_EVICT_LOW_WATER_THRESHOLD", low, 1, 99);
    read("UMAP_EVICT_HIGH_WATER_THRESHOLD", high, 2, 100);
    if (are_thresholds(static_cast<std::int64_t>(low), static_cast<std::int64_t>(high))) {
        settings.low_percent = static_cast<int>(low);
        settings.high_percent = static_cast<int>(high);
    } else {
        log(Level::warning, "UMAP_EVICT_LOW_WATER_THRESHOLD (%llu) is not below UMAP_EVICT_HIGH_WATER_THRESHOLD (%llu): using %d and %d",
            static_cast<unsigned long long>(low), static_cast<unsigned long long>(high), settings.low_percent, settings.high_percent);
    }
    return settings;
}

} // namespace compat
