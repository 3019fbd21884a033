// SPDX-License-Identifier: MIT
#include "disk_file.hpp"

#include "memory.hpp"

#include <fcntl.h>

namespace ufomem::kernel {

void DiskFile::open_unbuffered(const char *path, int access) noexcept { unbuffered_ = File(::open(path, access | O_CLOEXEC | O_DIRECT)); }

/// Direct transfers want everything aligned; pages always suffice.
bool DiskFile::goes_past_cache(std::uint64_t offset, std::size_t size, const std::byte *memory) const noexcept
{
    return unbuffered_ && past_cache_.load(std::memory_order_relaxed)
           && (offset | size | reinterpret_cast<std::uintptr_t>(memory)) % page_size() == 0;
}

std::size_t DiskFile::read_at(std::uint64_t offset, std::byte *out, std::size_t size, int &error) const noexcept
{
    error = 0;
    std::size_t got = 0;
    if (goes_past_cache(offset, size, out))
        got = unbuffered_.read_at(offset, out, size, error);
    if (got < size) // also what a direct read left, or refused
        got += buffered_.read_at(offset + got, out + got, size - got, error, pace_.most_read());
    return got;
}

std::size_t DiskFile::write_at(std::uint64_t offset, const std::byte *data, std::size_t size, int &error) noexcept
{
    error = 0;
    std::size_t done = 0;
    if (goes_past_cache(offset, size, data))
        done = unbuffered_.write_at(offset, data, size, error);
    if (done < size) {
        const std::size_t buffered = buffered_.write_at(offset + done, data + done, size - done, error);
        pace_.note(buffered_, buffered);
        done += buffered;
    }
    return done;
}

} // namespace ufomem::kernel
