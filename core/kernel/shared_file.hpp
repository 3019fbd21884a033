// SPDX-License-Identifier: MIT
// A file without a name in memory, for one process to fill and others to read: the one place that makes them and makes holes in them.
#pragma once

#include "../status.hpp"
#include "file.hpp"

#include <cstddef>
#include <cstdint>

namespace ufomem::kernel {

class SharedFile {
  public:
    /// What keeps a reader from opening his descriptor again for writing, through /proc.
    enum class Guard : std::uint8_t {
        read_only_mount, ///< the file system: nobody can, and be he root; making one needs CAP_SYS_ADMIN
        file_mode        ///< the file's mode: who is neither its owner nor root cannot
    };

    SharedFile() = default;
    /// All holes.  With the strongest guard that can be had, or none above `strongest`.
    static Result<SharedFile> make(std::size_t size, Guard strongest = Guard::read_only_mount);

    Guard guard() const { return guard_; }
    /// What is written becomes pages that are as large as the hole that it is written into, up to what the processor has, where the system has such pages
    /// to spare; also larger than what is written.  A hole must not be made in a part of one: it shows zeros for a moment, and may go on to.
    bool has_large_pages() const { return has_large_pages_; }
    /// A descriptor that can be given away: with it the file can be read and mapped, but not changed, in size neither.
    const File &readable() const { return readable_; }

    /// One that must not be given away.  Whoever writes memory through it shows zeros where that has to be fetched first (it is swapped out, say, or just
    /// being moved): use UFFDIO_COPY on a shared mapping, which makes small pages, or PagePipes.
    const File &writable() const { return writable_; }
    /// Gives whole pages back, for everybody who has them mapped.
    Status punch(std::size_t offset, std::size_t size) const noexcept;

  private:
    bool make_on_own_mount(std::size_t size) noexcept;
    Status make_memfd(std::size_t size) noexcept;

    File writable_;
    File readable_;
    Guard guard_ = Guard::file_mode;
    bool has_large_pages_ = false;
};

} // namespace ufomem::kernel
