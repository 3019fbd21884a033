// SPDX-License-Identifier: MIT
#include "transfer_pace.hpp"

#include "memory_figures.hpp"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

namespace ufomem::kernel {

void TransferPace::note(const File &file, std::size_t size) noexcept
{
    if (half_ == 0 || written_.fetch_add(size, std::memory_order_relaxed) + size < half_)
        return;
    written_.store(0, std::memory_order_relaxed);
    // What was begun the last time has to be there before what was written since is begun.
    (void)sync_file_range(file.descriptor(), 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
}

std::uint64_t TransferPace::most_waiting() noexcept
{
    static const std::uint64_t most = [] {
        constexpr std::uint64_t least = 1024 * 1024;
        const auto machine = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
        try {
            const std::uint64_t limit = total_memory();
            return limit != 0 && limit < machine / 16 * 15 ? std::max(limit / 32, least) : std::uint64_t{0};
        } catch (...) {
            return std::uint64_t{0};
        }
    }();
    return most;
}

} // namespace ufomem::kernel
