// SPDX-License-Identifier: MIT
// Address space and pages: the one place that speaks to mmap, madvise, mprotect and mremap.
#pragma once

#include "../status.hpp"

#include <cstddef>
#include <span>

#include <sys/uio.h>

namespace ufomem::kernel {

std::size_t page_size() noexcept;

/// A range of address space, unmapped at the end.
class Mapping {
  public:
    Mapping() = default;
    Mapping(std::byte *data, std::size_t size) : data_(data), size_(size) {}
    Mapping(Mapping &&other) noexcept { swap(other); }
    Mapping &operator=(Mapping &&other) noexcept
    {
        swap(other);
        return *this;
    }
    ~Mapping() { reset(); }

    std::byte *data() const { return data_; }
    std::size_t size() const { return size_; }
    explicit operator bool() const { return data_ != nullptr; }
    void reset() noexcept;
    /// Somebody else unmaps it.
    void release() noexcept
    {
        data_ = nullptr;
        size_ = 0;
    }

  private:
    void swap(Mapping &other) noexcept
    {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
    }
    std::byte *data_ = nullptr;
    std::size_t size_ = 0;
};

/// Unmaps it, or, where that is refused, maps something else over it.  False if neither can be.
bool unmap(Mapping &mapping) noexcept;

enum class Protection { none, read, read_write };

/// Memory as any program has it, forked children, too.
Result<Mapping> map_memory(std::size_t size);
/// A stack of small pages above a page that nobody may touch; forked children have it, too.
Result<Mapping> map_stack(std::size_t size);

/// Private anonymous memory without a reservation of swap, kept out of forked children and of huge pages.
/// With `address`, exactly there and only where nothing is mapped.
Result<Mapping> map_private(std::size_t size, Protection protection, void *address = nullptr);
/// Likewise, readable and writable, for the tables of regions: small ones lie side by side, away from the regions, so that each of the two
/// rows is one mapping to the kernel, which allows a process some 65000 of them (vm.max_map_count).
Result<Mapping> map_table(std::size_t size);
/// As map_private() with the byte at `offset` on a huge page boundary.
Result<Mapping> map_private_aligned(std::size_t size, Protection protection, std::size_t offset);
/// Huge pages after all, where the system has them.
void prefer_huge_pages(std::byte *data, std::size_t size) noexcept;
constexpr std::size_t huge_page_size = 2 * 1024 * 1024;

/// Memory of an unnamed file, seen twice: at the returned range without access, and at an alias that can always be written.
struct SharedPair {
    Mapping view;
    Mapping alias;
};
Result<SharedPair> map_shared_pair(std::size_t size, void *address = nullptr);

/// Pages of a file from its beginning, for reading, kept out of forked children.  Only a mapping that is shared can be used to fill the file.
enum class Sharing { private_, shared };
Result<Mapping> map_readable(int file, std::size_t size, Sharing sharing, void *address = nullptr);

/// In place of what is mapped there: pages of a file from its beginning, private, without access yet, kept out of forked children.
Status map_hidden_over(std::byte *data, std::size_t size, int file) noexcept;

Status protect(std::byte *data, std::size_t size, Protection protection) noexcept;
/// The same for every page that is mapped: where one is not, the kernel protects what comes before it, and gives up.  False if a page stays as it is.
bool protect_mapped(std::byte *data, std::size_t size, Protection protection) noexcept;

/// From now on forked children get the range, filled with zeros.
Status wipe_in_children(std::byte *data, std::size_t size) noexcept;
/// Gives all memory of the range back and keeps nothing but the addresses: any access ends in SIGSEGV.  False if that cannot be.
bool reserve_only(std::byte *data, std::size_t size) noexcept;

/// Whether something is mapped in all of the range.
bool is_mapped(const std::byte *data, std::size_t size) noexcept;
/// Whether no page of it is.
bool is_hole(const std::byte *data, std::size_t size) noexcept;

/// Brings all pages of the range in, as loads would; 0, or the errno where a load would end in a signal.
int populate(std::byte *data, std::size_t size) noexcept;

/// memcpy() that says false where a load would end in a signal.
bool copy_guarded(std::byte *to, const std::byte *from, std::size_t size) noexcept;

/// Gives the pages back, locked ones too (Linux 5.18); they are absent afterwards.
Status drop(std::byte *data, std::size_t size) noexcept;
/// The same for scattered ranges in one call.  Returns how many ranges are gone: all, or none if the kernel cannot.
bool drop_scattered(std::span<const iovec> ranges) noexcept;
bool can_drop_scattered() noexcept;

/// Gives back pages of shared memory, for every mapping of them.
Status punch(std::byte *alias, std::size_t size) noexcept;

/// Moves the pages of a range to a new place of their own, atomically; the range stays mapped and is empty afterwards.
Result<Mapping> detach_pages(std::byte *data, std::size_t size) noexcept;

/// Any access raises SIGBUS from now on: maps a file behind its end.
Status map_beyond_end(std::byte *data, std::size_t size) noexcept;
/// Private memory again, as map_private() gives it, but without access.
Status map_private_again(std::byte *data, std::size_t size) noexcept;

} // namespace ufomem::kernel
