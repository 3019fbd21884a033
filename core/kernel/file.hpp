// SPDX-License-Identifier: MIT
// A descriptor, and whole reads and writes at an offset.
#pragma once

#include "size_signal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <utility>

#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace ufomem::kernel {

class File {
  public:
    File() = default;
    explicit File(int descriptor) : descriptor_(descriptor) {}
    File(File &&other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    File &operator=(File &&other) noexcept
    {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~File()
    {
        if (descriptor_ >= 0)
            close(descriptor_);
    }
    int descriptor() const { return descriptor_; }
    explicit operator bool() const { return descriptor_ >= 0; }
    /// Whether its file system has no other place for it.
    bool is_in_memory() const noexcept
    {
        struct statfs system {};
        return fstatfs(descriptor_, &system) == 0 && (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
    }

    /// Bytes read before the end of the file or an error; `error` is 0 or the errno.  `most`: by one call.
    std::size_t read_at(std::uint64_t offset, std::byte *out, std::size_t size, int &error, std::size_t most = SIZE_MAX) const noexcept
    {
        return whole(offset, size, error, [&](std::size_t done, off_t at) { return pread(descriptor_, out + done, std::min(size - done, most), at); });
    }
    std::size_t write_at(std::uint64_t offset, const std::byte *data, std::size_t size, int &error) const noexcept
    {
        return whole(offset, size, error, [&](std::size_t done, off_t at) {
            return without_size_signal([&] { return pwrite(descriptor_, data + done, size - done, at); });
        });
    }
    /// False, with errno, if it cannot be had.
    bool set_length(std::size_t size) const noexcept
    {
        return without_size_signal([&] { return ftruncate(descriptor_, static_cast<off_t>(size)); }) == 0;
    }

  private:
    template <class Call> static std::size_t whole(std::uint64_t offset, std::size_t size, int &error, Call call) noexcept
    {
        error = 0;
        std::size_t done = 0;
        while (done < size) {
            const ssize_t got = call(done, static_cast<off_t>(offset + done));
            if (got > 0)
                done += static_cast<std::size_t>(got);
            else if (got == 0)
                break;
            else if (errno != EINTR) {
                error = errno;
                break;
            }
        }
        return done;
    }
    int descriptor_ = -1;
};

/// The path by which /proc has what the file has open.  No std::string: whoever answers a fault may need it.
class DescriptorPath {
  public:
    explicit DescriptorPath(const File &file) { std::snprintf(path_, sizeof path_, "/proc/self/fd/%d", file.descriptor()); }
    const char *c_str() const { return path_; }

  private:
    char path_[32];
};

} // namespace ufomem::kernel
