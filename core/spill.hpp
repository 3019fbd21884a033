// SPDX-License-Identifier: MIT
// The private file of a core that keeps changed chunks whose source does not take them.  It has no name, and ends with the core.
#pragma once

#include "kernel/file.hpp"
#include "status.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace ufomem {

class Spill {
  public:
    using Offset = std::uint64_t;

    explicit Spill(std::string folder) : folder_(std::move(folder)) {}

    /// Writes a chunk to a place of its own.
    Result<Offset> store(const std::byte *data, std::size_t size) noexcept;
    Status load(Offset offset, std::byte *out, std::size_t size) noexcept;
    /// The place is given back to the file system.
    void release(Offset offset, std::size_t size) noexcept;

    std::uint64_t held_bytes() const { return held_.load(std::memory_order_relaxed); }

  private:
    Status open();
    Result<Offset> reserve(std::size_t size);

    const std::string folder_;
    std::mutex mutex_; // for everything but the transfers themselves
    kernel::File file_;
    std::atomic<bool> opened_{false};
    std::map<std::size_t, std::vector<Offset>> free_; // by size: holes, no disk space
    Offset end_ = 0;
    std::atomic<std::uint64_t> held_{0};
};

} // namespace ufomem
