// SPDX-License-Identifier: MIT
#include "pagemap.hpp"

#include "memory.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

namespace ufomem::kernel {
namespace {

constexpr std::size_t most_at_once = 64;

/// An entry of pagemap: bit 63 in memory, bit 62 in swap.  Poison and its like are kept as swap entries of the last type; only privileged
/// processes see the type.
bool holds_data(std::uint64_t entry)
{
    constexpr std::uint64_t in_memory = 1ULL << 63;
    constexpr std::uint64_t in_swap = 1ULL << 62;
    constexpr std::uint64_t type_mask = 31;
    return (entry & in_memory) != 0 || ((entry & in_swap) != 0 && (entry & type_mask) != type_mask);
}

bool resident(std::uintptr_t address, std::size_t pages)
{
    std::array<unsigned char, most_at_once> present;
    while (mincore(reinterpret_cast<void *>(address), pages * page_size(), present.data()) != 0) {
        if (errno != EAGAIN) // nothing is mapped there
            return false;
        sched_yield(); // to take that for an answer would be to give up what is there
    }
    return std::all_of(present.begin(), present.begin() + static_cast<std::ptrdiff_t>(pages), [](unsigned char page) { return (page & 1) != 0; });
}

} // namespace

Pagemap::Pagemap() noexcept : descriptor_(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)) {}

Pagemap::~Pagemap()
{
    if (descriptor_ >= 0)
        close(descriptor_);
}

bool Pagemap::are_present(const std::byte *data, std::size_t size) const noexcept
{
    const std::size_t page = page_size();
    const auto begin = reinterpret_cast<std::uintptr_t>(data) / page;
    const auto end = (reinterpret_cast<std::uintptr_t>(data) + size + page - 1) / page;
    for (std::uintptr_t at = begin; at < end;) {
        const std::size_t count = std::min<std::size_t>(end - at, most_at_once);
        std::array<std::uint64_t, most_at_once> entries;
        const std::size_t bytes = count * sizeof entries[0];
        if (pread(descriptor_, entries.data(), bytes, static_cast<off_t>(at * sizeof entries[0])) == static_cast<ssize_t>(bytes)) {
            if (!std::all_of(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count), holds_data))
                return false;
        } else if (!resident(at * page, count)) {
            return false;
        }
        at += count;
    }
    return true;
}

bool Pagemap::is_protected(const std::byte *data) const noexcept
{
    constexpr std::uint64_t write_protected = 1ULL << 57; // 5.14
    std::uint64_t entry = 0;
    const auto at = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(data) / page_size() * sizeof entry);
    return pread(descriptor_, &entry, sizeof entry, at) != static_cast<ssize_t>(sizeof entry) || (entry & write_protected) != 0;
}

} // namespace ufomem::kernel
