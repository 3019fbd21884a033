// SPDX-License-Identifier: MIT
// What the kernel tells of lazy memory that the program unmaps (munmap, mmap over it) or moves (mremap), so that its addresses stay the library's and
// nobody reads zeros there.  The thread that does such a thing waits in the kernel until the message has been read, so somebody always has to read.
#pragma once

#include "../kernel/memory.hpp"
#include "../kernel/thread.hpp"
#include "../kernel/userfaultfd.hpp"
#include "../registry.hpp"

#include <atomic>

namespace ufomem {

/// Sees to every region that such a message is about.
void reclaim_unmapped(const Registry &registry, const kernel::FaultMessage &message) noexcept;

/// A thread that reads these messages where nobody reads any others, because faults arrive as signals.
class UnmappingReader {
  public:
    UnmappingReader(const kernel::Userfaultfd &faults, const Registry &registry) : faults_(faults), registry_(registry) {}
    UnmappingReader(const UnmappingReader &) = delete;
    UnmappingReader &operator=(const UnmappingReader &) = delete;
    ~UnmappingReader() { stop(); }

    /// `owner`: whom the thread works for.
    Status start(const void *owner) noexcept;
    /// Nothing must be unmapped from now on, before the userfaultfd is closed.
    void stop() noexcept;

  private:
    void run(const std::byte *bell) noexcept;

    const kernel::Userfaultfd &faults_;
    const Registry &registry_;
    kernel::Mapping bell_; // watched; unmapped at the end, which is a message; without a thread, when the userfaultfd has been closed
    std::atomic<bool> stopping_{false};
    kernel::Thread thread_;
};

} // namespace ufomem
