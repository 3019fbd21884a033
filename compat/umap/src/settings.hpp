// SPDX-License-Identifier: MIT
// What the UMAP_ variables say.
#pragma once

#include <cstddef>
#include <cstdint>

namespace compat {

struct Settings {
    std::size_t page_size = 0;          ///< UMAP_PAGESIZE: bytes that come and go together
    std::uint64_t buffer_pages = 0;     ///< UMAP_BUFSIZE; 0: as much as nine tenths of the memory that is available
    std::uint64_t read_ahead_pages = 0; ///< UMAP_READ_AHEAD; 0: as ufomem sees fit
    std::uint64_t fillers = 0;          ///< UMAP_PAGE_FILLERS
    std::uint64_t evictors = 0;         ///< UMAP_PAGE_EVICTORS
    int low_percent = 70;               ///< UMAP_EVICT_LOW_WATER_THRESHOLD
    int high_percent = 90;              ///< UMAP_EVICT_HIGH_WATER_THRESHOLD
    std::uint64_t adapt_seconds = 3;    ///< UMAP_BUFADAPT_FREQ; 0: never
    std::uint64_t max_fault_events = 256; ///< UMAP_MAX_FAULT_EVENTS
};

/// ufomem needs one chunk to fill and one to copy from.
constexpr std::uint64_t least_buffer_pages = 2;

std::size_t system_page_size() noexcept;
bool is_page_size(std::uint64_t bytes) noexcept;
bool are_thresholds(std::int64_t low, std::int64_t high) noexcept;

/// From the environment; for a value that cannot be used, what is documented as the default, and a sentence in the log.
Settings settings_from_environment() noexcept;

} // namespace compat
