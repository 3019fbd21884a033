// SPDX-License-Identifier: MIT
#include "transfer_pace.hpp"

#include "memory_figures.hpp"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

namespace ufomem::kernel {

void TransferPace::note(const File &file, std::size_t size) noexcept
{
    constexpr std::uint64_t least = 512 * 1024;
    if (!limited() || written_.fetch_add(size, std::memory_order_relaxed) + size < std::max(limit_ / 64, least))
        return;
    written_.store(0, std::memory_order_relaxed);
    // What was begun the last time has to be there before what was written since is begun: half of what may wait each.
    (void)sync_file_range(file.descriptor(), 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
}

std::uint64_t TransferPace::tightest_limit() noexcept
{
    static const std::uint64_t tightest = [] {
        const auto machine = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
        try {
            const std::uint64_t limit = total_memory();
            return limit < machine / 16 * 15 ? limit : std::uint64_t{0};
        } catch (...) {
            return std::uint64_t{0};
        }
    }();
    return tightest;
}

} // namespace ufomem::kernel
