// SPDX-License-Identifier: MIT
#include "memory.hpp"

#include "size_signal.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_DONTNEED_LOCKED // 5.18
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_POPULATE_READ // 5.14
#define MADV_POPULATE_READ 22
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef PIDFD_SELF
#define PIDFD_SELF                                                                                                     \
    (-10000) // "this process" where a pidfd is asked for; older kernels have no scattered drop of one's own pages either
#endif

namespace ufomem::kernel {
namespace {

int bits(Protection protection)
{
    switch (protection) {
    case Protection::none:
        return PROT_NONE;
    case Protection::read:
        return PROT_READ;
    case Protection::read_write:
        return PROT_READ | PROT_WRITE;
    }
    return PROT_NONE;
}

Status no_mapping(std::size_t size) noexcept
{
    return fail_errno(
        Code::nomem, errno,
        "cannot map %zu bytes of address space; check ulimit -v, vm.overcommit_memory and vm.max_map_count", size);
}

Result<Mapping> map(std::size_t size, int protection, int flags, int descriptor, void *address)
{
    if (address)
        flags |= MAP_FIXED_NOREPLACE;
    void *got = mmap(address, size, protection, flags, descriptor, 0);
    if (got == MAP_FAILED) {
        if (errno == EEXIST)
            return fail(Code::address, "address %p: %zu bytes are not free there; choose another one, or none", address,
                        size);
        return no_mapping(size);
    }
    Mapping mapping(static_cast<std::byte *>(got), size);
    // Kernels before 4.17 take the address as a hint only.
    if (address && got != address)
        return fail(Code::address, "address %p: %zu bytes are not free there; choose another one, or none", address,
                    size);
    return mapping;
}

constexpr std::size_t most_beside_others = 64 * 1024; // larger tables belong to regions of which there are few
constexpr std::size_t row_size = std::size_t{64} << 30;

/// Where a row of tables may stand: a range that is free now, and that mappings without a wish fill from its other end.  Null if there is none.
std::uintptr_t find_row() noexcept
{
    void *row = mmap(nullptr, row_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (row == MAP_FAILED)
        return 0;
    munmap(row, row_size);
    return reinterpret_cast<std::uintptr_t>(row);
}

/// The next place in the row, to be taken as a hint: it may be somebody else's by now.
void *next_in_row(std::size_t size) noexcept
{
    static const std::uintptr_t row = find_row();
    static std::atomic<std::size_t> taken{0};
    if (row == 0 || size > most_beside_others)
        return nullptr;
    return reinterpret_cast<void *>(row + taken.fetch_add(size, std::memory_order_relaxed) % row_size);
}

// A child would read zeros where the parent's pages are absent, so it gets nothing at all.
// Huge pages would be split again by every chunk that leaves.
// After mlockall(MCL_FUTURE) the kernel would put a page everywhere.
Status set_up(std::byte *data, std::size_t size)
{
    munlock(data, size);
    if (madvise(data, size, MADV_DONTFORK) != 0)
        return fail_errno(Code::system, errno, "madvise(MADV_DONTFORK) of %zu bytes", size);
    madvise(data, size, MADV_NOHUGEPAGE); // EINVAL where there are no huge pages
    return {};
}

class Descriptor {
  public:
    explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    ~Descriptor()
    {
        if (descriptor_ >= 0)
            close(descriptor_);
    }
    int get() const { return descriptor_; }

  private:
    int descriptor_;
};

} // namespace

std::size_t page_size() noexcept
{
    static const std::size_t size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

void Mapping::reset() noexcept
{
    if (data_)
        munmap(data_, size_);
    data_ = nullptr;
    size_ = 0;
}

bool unmap(Mapping &mapping) noexcept
{
    if (munmap(mapping.data(), mapping.size()) == 0) {
        mapping.release();
        return true;
    }
    return mmap(mapping.data(), mapping.size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
                0)
           != MAP_FAILED;
}

Result<Mapping> map_memory(std::size_t size)
{
    return map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, nullptr);
}

Result<Mapping> map_stack(std::size_t size)
{
    const std::size_t guard = page_size();
    Result<Mapping> stack = map(guard + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, nullptr);
    if (!stack.ok())
        return stack;
    madvise(stack->data(), stack->size(), MADV_NOHUGEPAGE); // MAP_STACK says that, too, since 6.7
    if (mprotect(stack->data() + guard, size, PROT_READ | PROT_WRITE) != 0)
        return no_mapping(size);
    return stack;
}

Result<Mapping> map_private(std::size_t size, Protection protection, void *address)
{
    Result<Mapping> mapping = map(size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, address);
    if (!mapping.ok())
        return mapping;
    if (Status status = set_up(mapping->data(), size); !status.ok())
        return status;
    if (protection != Protection::none)
        if (Status status = protect(mapping->data(), size, protection); !status.ok())
            return status;
    return mapping;
}

Result<Mapping> map_table(std::size_t size)
{
    void *got = mmap(next_in_row(size), size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got == MAP_FAILED)
        return no_mapping(size);
    Mapping mapping(static_cast<std::byte *>(got), size);
    if (Status status = set_up(mapping.data(), size); !status.ok())
        return status;
    if (Status status = protect(mapping.data(), size, Protection::read_write); !status.ok())
        return status;
    return mapping;
}

Result<Mapping> map_private_aligned(std::size_t size, Protection protection, std::size_t offset)
{
    Result<Mapping> roomy =
        map(size + huge_page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, nullptr);
    if (!roomy.ok())
        return roomy;
    std::byte *const start = roomy->data();
    const std::size_t skip =
        huge_page_size - 1 - (reinterpret_cast<std::uintptr_t>(start) + offset - 1) % huge_page_size;
    roomy->release();
    if (skip != 0)
        munmap(start, skip);
    if (huge_page_size - skip != 0)
        munmap(start + skip + size, huge_page_size - skip);
    Mapping mapping(start + skip, size);
    if (Status status = set_up(mapping.data(), size); !status.ok())
        return status;
    if (Status status = protect(mapping.data(), size, protection); !status.ok())
        return status;
    return mapping;
}

void prefer_huge_pages(std::byte *data, std::size_t size) noexcept
{
    madvise(data, size, MADV_HUGEPAGE); // EINVAL where there are none
}

Result<SharedPair> map_shared_pair(std::size_t size, void *address)
{
    const Descriptor file(static_cast<int>(syscall(SYS_memfd_create, "ufomem", 1U /* MFD_CLOEXEC */)));
    if (file.get() < 0)
        return fail_errno(Code::system, errno, "cannot make a file in memory; does a sandbox forbid memfd_create?");
    if (without_size_signal([&] { return ftruncate(file.get(), static_cast<off_t>(size)); }) != 0)
        return fail_errno(Code::nomem, errno, "cannot make an unnamed memory file of %zu bytes", size);
    Result<Mapping> view = map(size, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file.get(), address);
    if (!view.ok())
        return view.status();
    Result<Mapping> alias = map(size, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file.get(), nullptr);
    if (!alias.ok())
        return alias.status();
    for (Mapping *mapping : {&*view, &*alias})
        if (Status status = set_up(mapping->data(), size); !status.ok())
            return status;
    if (Status status = protect(alias->data(), size, Protection::read_write); !status.ok())
        return status;
    SharedPair pair; // the file lives on in its mappings: no descriptor per region
    pair.view = std::move(*view);
    pair.alias = std::move(*alias);
    return pair;
}

namespace {

/// For memory with holes.  Where chunks that came one by one happen to stand side by side, the kernel's own collector would replace them by a huge page; and
/// the hole that one of them leaves in that shows zeros for a moment.  (Pages that came as huge ones are as good as those of any other mapping.)
void keep_collector_away(std::byte *data, std::size_t size) noexcept
{
    (void)madvise(data, size, MADV_NOHUGEPAGE);
} // EINVAL: there is none

} // namespace

Result<Mapping> map_readable(int file, std::size_t size, Sharing sharing, void *address)
{
    Result<Mapping> mapping =
        map(size, PROT_READ, (sharing == Sharing::shared ? MAP_SHARED : MAP_PRIVATE) | MAP_NORESERVE, file, address);
    if (!mapping.ok())
        return mapping;
    munlock(mapping->data(), size);
    keep_collector_away(mapping->data(), size);
    if (madvise(mapping->data(), size, MADV_DONTFORK) != 0)
        return fail_errno(Code::system, errno, "madvise(MADV_DONTFORK) of %zu bytes", size);
    return mapping;
}

Status map_hidden_over(std::byte *data, std::size_t size, int file) noexcept
{
    if (mmap(data, size, PROT_NONE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file, 0) == MAP_FAILED)
        return fail_errno(Code::system, errno, "mmap of %zu bytes of shared memory", size);
    keep_collector_away(data, size);
    if (madvise(data, size, MADV_DONTFORK) != 0)
        return fail_errno(Code::system, errno, "madvise(MADV_DONTFORK) of %zu bytes", size);
    return {};
}

Status protect(std::byte *data, std::size_t size, Protection protection) noexcept
{
    if (mprotect(data, size, bits(protection)) == 0)
        return {};
    if (errno == ENOMEM)
        return fail_errno(Code::limit, errno,
                          "mprotect: the process has too many mappings (raise vm.max_map_count or use larger chunks), or has unmapped a page");
    return fail_errno(Code::system, errno, "mprotect of %zu bytes at %p", size, static_cast<void *>(data));
}

bool protect_mapped(std::byte *data, std::size_t size, Protection protection) noexcept
{
    if (protect(data, size, protection).ok())
        return true;
    bool all = true;
    for (std::byte *page = data; page < data + size; page += page_size())
        all &= protect(page, page_size(), protection).ok() || !is_mapped(page, page_size());
    return all;
}

Status wipe_in_children(std::byte *data, std::size_t size) noexcept
{
    // In this order: a child that is forked in between gets nothing, and never a copy.
    if (madvise(data, size, MADV_WIPEONFORK) == 0 && madvise(data, size, MADV_DOFORK) == 0)
        return {};
    return fail_errno(errno == ENOMEM ? Code::limit : Code::system, errno, "madvise(MADV_WIPEONFORK) of %zu bytes",
                      size);
}

bool reserve_only(std::byte *data, std::size_t size) noexcept
{
    void *got = mmap(data, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    return got != MAP_FAILED && set_up(data, size).ok();
}

bool is_mapped(const std::byte *data, std::size_t size) noexcept
{
    std::array<unsigned char, 1024> present; // of no interest
    const std::size_t most = present.size() * page_size();
    for (std::size_t done = 0; done < size; done += most)
        while (mincore(const_cast<std::byte *>(data) + done, std::min(most, size - done), present.data()) != 0) {
            if (errno != EAGAIN)
                return false;
            sched_yield();
        }
    return true;
}

bool is_hole(const std::byte *data, std::size_t size) noexcept
{
    for (const std::byte *page = data; page < data + size; page += page_size())
        if (is_mapped(page, page_size()))
            return false;
    return true;
}

int populate(std::byte *data, std::size_t size) noexcept
{
    while (madvise(data, size, MADV_POPULATE_READ) != 0)
        if (errno != EINTR && errno != EAGAIN)
            return errno;
    return 0;
}

bool copy_guarded(std::byte *to, const std::byte *from, std::size_t size) noexcept
{
    constexpr std::size_t most = std::size_t{1} << 30; // in one call
    while (size != 0) {
        const iovec local{to, size < most ? size : most};
        const iovec remote{const_cast<std::byte *>(from), local.iov_len};
        const ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
        if (got <= 0)
            return false;
        to += got;
        from += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

Status drop(std::byte *data, std::size_t size) noexcept
{
    if (madvise(data, size, MADV_DONTNEED) == 0 || (errno == EINVAL && madvise(data, size, MADV_DONTNEED_LOCKED) == 0))
        return {};
    return fail_errno(Code::system, errno, "madvise(MADV_DONTNEED) of %zu bytes at %p", size,
                      static_cast<void *>(data));
}

bool drop_scattered(std::span<const iovec> ranges) noexcept
{
    std::size_t bytes = 0;
    for (const iovec &range : ranges)
        bytes += range.iov_len;
    // One call takes what fits or nothing for us: a short count leaves some ranges, which the caller drops one by one.
    const long done = syscall(SYS_process_madvise, PIDFD_SELF, ranges.data(), ranges.size(), MADV_DONTNEED, 0U);
    return done >= 0 && static_cast<std::size_t>(done) == bytes;
}

bool can_drop_scattered() noexcept
{
    static const bool can = [] {
        Result<Mapping> page = map_private(page_size(), Protection::read_write);
        if (!page.ok())
            return false;
        const iovec range{page->data(), page->size()};
        return drop_scattered({&range, 1});
    }();
    return can;
}

Status punch(std::byte *alias, std::size_t size) noexcept
{
    if (madvise(alias, size, MADV_REMOVE) == 0)
        return {};
    // Refused for locked memory; the alias is nobody else's business.
    if (errno == EINVAL && munlock(alias, size) == 0 && madvise(alias, size, MADV_REMOVE) == 0)
        return {};
    return fail_errno(Code::system, errno, "madvise(MADV_REMOVE) of %zu bytes at %p", size, static_cast<void *>(alias));
}

Result<Mapping> detach_pages(std::byte *data, std::size_t size) noexcept
{
    // The fifth argument is a hint here, and the C library passes it on.
    void *moved = mremap(data, size, size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, nullptr);
    if (moved == MAP_FAILED)
        return fail_errno(errno == ENOMEM ? Code::limit : Code::system, errno, "mremap(MREMAP_DONTUNMAP) of %zu bytes",
                          size);
    return Mapping(static_cast<std::byte *>(moved), size);
}

Status map_beyond_end(std::byte *data, std::size_t size) noexcept
{
    const Descriptor file(static_cast<int>(syscall(SYS_memfd_create, "ufomem-failed", 1U /* MFD_CLOEXEC */)));
    if (file.get() < 0)
        return fail_errno(Code::system, errno, "cannot make a file in memory; does a sandbox forbid memfd_create?");
    void *got = mmap(data, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, file.get(), 0);
    if (got == MAP_FAILED)
        return fail_errno(Code::limit, errno, "cannot map a failed chunk; raise vm.max_map_count");
    madvise(data, size, MADV_DONTFORK);
    return {};
}

Status map_private_again(std::byte *data, std::size_t size) noexcept
{
    void *got = mmap(data, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (got == MAP_FAILED)
        return fail_errno(Code::limit, errno, "cannot map a chunk again; raise vm.max_map_count");
    return set_up(data, size);
}

} // namespace ufomem::kernel
