// SPDX-License-Identifier: MIT
// A file whose whole pages can go past the page cache.  What is no whole page, and what the file system refuses, goes by way of it, at a pace.
#pragma once

#include "file.hpp"
#include "transfer_pace.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ufomem::kernel {

class DiskFile {
  public:
    DiskFile() = default;
    explicit DiskFile(std::uint64_t limit) : pace_(limit) {}

    /// Once, before all else.
    void open(File buffered) { buffered_ = std::move(buffered); }
    explicit operator bool() const { return static_cast<bool>(buffered_); }
    const File &buffered() const { return buffered_; }

    /// A second description of it, by its path, for what goes past the page cache; some file systems have no such thing.  Before the first transfer.
    void open_unbuffered(const char *path, int access) noexcept;
    bool has_unbuffered() const { return static_cast<bool>(unbuffered_); }
    /// So many bytes are available; while that is enough, the page cache is used.  At first, and where nobody tells, it is not.  By any thread.
    void heed(std::uint64_t available) noexcept { past_cache_.store(pace_.too_little(available), std::memory_order_relaxed); }

    /// As those of File.
    std::size_t read_at(std::uint64_t offset, std::byte *out, std::size_t size, int &error) const noexcept;
    std::size_t write_at(std::uint64_t offset, const std::byte *data, std::size_t size, int &error) noexcept;

    /// Whether there is a limit.
    bool limited() const { return pace_.limited(); }

  private:
    bool goes_past_cache(std::uint64_t offset, std::size_t size, const std::byte *memory) const noexcept;

    File buffered_;
    File unbuffered_; // O_DIRECT; the kernel keeps the two in step
    std::atomic<bool> past_cache_{true};
    TransferPace pace_; // of what is buffered
};

} // namespace ufomem::kernel
