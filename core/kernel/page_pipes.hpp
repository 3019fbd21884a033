// SPDX-License-Identifier: MIT
// A way into files: from pages, and not from addresses.  A page in a pipe cannot be missing when the kernel copies it, so what is written through one
// is never cut short, and a page of the file is never shown before it is full.
#pragma once

#include "file.hpp"
#include "userfaultfd.hpp"

#include <array>
#include <atomic>
#include <mutex>

namespace ufomem::kernel {

class PagePipes {
  public:
    /// What is written at once: what a pipe holds that anybody may have (fs.pipe-max-size).
    static constexpr std::size_t block_bytes = 1024 * 1024;

    /// Writes page-aligned memory, block by block.
    Transfer write(const File &to, std::size_t offset, const std::byte *data, std::size_t size) noexcept;
    /// False once the system has refused for good.
    bool usable() const noexcept { return usable_.load(std::memory_order_relaxed); }

  private:
    struct Pipe {
        File in;
        File out;
    };
    Pipe take(int &error) noexcept;
    void give(Pipe pipe) noexcept;

    std::atomic<bool> usable_{true};
    std::mutex mutex_;
    std::array<Pipe, 4> idle_;   // guarded by mutex_; empty ones
    std::size_t idle_count_ = 0; // likewise
};

} // namespace ufomem::kernel
