// SPDX-License-Identifier: MIT
// The functions that the library calls, in front of those of the C library: a program's own definitions come first wherever a shared library
// looks for a function.  So the library under test is the one that is shipped, and knows nothing of this.
#include "injector.hpp"
#include "ledger.hpp"
#include "real.hpp"
#include "uffd.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

using torture::Call;
using torture::Fault;
using torture::Injector;
using torture::judge;
using torture::Ledger;

namespace {

DEFINE_REAL(fallocate)
DEFINE_REAL(fdatasync)
DEFINE_REAL(fopen)
DEFINE_REAL(fstat)
DEFINE_REAL(ftruncate)
DEFINE_REAL(ioctl)
DEFINE_REAL(lseek)
DEFINE_REAL(madvise)
DEFINE_REAL(mincore)
DEFINE_REAL(mkostemp)
DEFINE_REAL(mmap)
DEFINE_REAL(mprotect)
DEFINE_REAL(mremap)
DEFINE_REAL(munlock)
DEFINE_REAL(munmap)
DEFINE_REAL(nanosleep)
DEFINE_REAL(open)
DEFINE_REAL(pread)
DEFINE_REAL(process_vm_readv)
DEFINE_REAL(pwrite)
DEFINE_REAL(read)
DEFINE_REAL(sigaction)
DEFINE_REAL(syscall)

[[gnu::constructor]] void look_all_up()
{
    (void)REAL(fallocate), (void)REAL(fdatasync), (void)REAL(fopen), (void)REAL(fstat), (void)REAL(ftruncate),
        (void)REAL(ioctl), (void)REAL(lseek);
    (void)REAL(madvise), (void)REAL(mincore), (void)REAL(mkostemp), (void)REAL(mmap), (void)REAL(mprotect),
        (void)REAL(mremap), (void)REAL(munlock);
    (void)REAL(munmap), (void)REAL(nanosleep), (void)REAL(open), (void)REAL(pread), (void)REAL(process_vm_readv);
    (void)REAL(pwrite), (void)REAL(read), (void)REAL(sigaction), (void)REAL(syscall);
}

constexpr std::size_t page = 4096;

/// A file that SharedFile has made.
bool is_shared_memory(int descriptor)
{
    char link[32];
    char target[32] = {};
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    return readlink(link, target, sizeof target - 1) > 0
           && (std::strncmp(target, "/memfd:", 7) == 0 || std::strcmp(target, "/cache (deleted)") == 0);
}

/// About half of a transfer, in whole pages if the kernel transfers pages; nothing to be halved is left whole.
std::size_t half_of(std::size_t size, std::size_t unit) { return size / 2 / unit * unit; }

/// The first half is transferred, then the error comes.  True if that was possible.
template <class Request>
bool transfer_part(int descriptor, unsigned long number, Request &request, __s64 Request::*done)
{
    const std::size_t half = half_of(request.len, page);
    if (half == 0)
        return false;
    Request part = request;
    part.len = half;
    if (REAL(ioctl)(descriptor, number, &part) != 0)
        return false;
    request.*done = static_cast<__s64>(half);
    return true;
}

int fail_ioctl(int descriptor, unsigned long number, void *argument, const Fault &fault)
{
    bool part = !fault.partial;
    if (number == UFFDIO_COPY) {
        auto &request = *static_cast<uffdio_copy *>(argument);
        request.copy = fault.partial ? 0 : -fault.error;
        part |= fault.partial && transfer_part(descriptor, number, request, &uffdio_copy::copy);
    } else if (number == UFFDIO_MOVE) {
        auto &request = *static_cast<uffdio_move *>(argument);
        request.move = fault.partial ? 0 : -fault.error;
        part |= fault.partial
                && transfer_part(descriptor, number, *reinterpret_cast<uffdio_copy *>(argument), &uffdio_copy::copy);
        static_assert(offsetof(uffdio_move, len) == offsetof(uffdio_copy, len)
                      && offsetof(uffdio_move, move) == offsetof(uffdio_copy, copy));
    }
    if (!part) // one page, or an error of its own
        return REAL(ioctl)(descriptor, number, argument);
    errno = fault.error;
    return -1;
}

void *allocate(std::size_t size, std::size_t alignment, void *caller) noexcept
{
    const Injector::Verdict verdict = Injector::of_process().judge(Call::allocate, 0, caller);
    if (verdict.fault)
        return nullptr;
    void *memory = alignment > alignof(std::max_align_t)
                       ? std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)
                       : std::malloc(size ? size : 1);
    if (memory && verdict.site != 0)
        Ledger::of_process().allocated(memory, size, verdict.site);
    return memory;
}

void *allocate_or_throw(std::size_t size, std::size_t alignment, void *caller)
{
    if (void *memory = allocate(size, alignment, caller))
        return memory;
    throw std::bad_alloc();
}

void deallocate(void *memory) noexcept
{
    if (!memory)
        return;
    Ledger::of_process().freed(memory);
    std::free(memory);
}

} // namespace

extern "C" {

int fallocate(int descriptor, int mode, off_t offset, off_t length)
{
    const std::uint64_t request = is_shared_memory(descriptor) ? torture::fallocate_in_memory : 0;
    return judge(Call::fallocate, request, CALLER, -1,
                 [=](auto) { return REAL(fallocate)(descriptor, mode, offset, length); });
}

int fdatasync(int descriptor)
{
    return judge(Call::fdatasync, 0, CALLER, -1, [=](auto) { return REAL(fdatasync)(descriptor); });
}

FILE *fopen(const char *path, const char *mode)
{
    return judge<FILE *>(Call::fopen, 0, CALLER, nullptr, [=](auto) { return REAL(fopen)(path, mode); });
}

int fstat(int descriptor, struct stat *info) noexcept
{
    return judge(Call::fstat, 0, CALLER, -1, [=](auto) { return REAL(fstat)(descriptor, info); });
}

int ftruncate(int descriptor, off_t length) noexcept
{
    return judge(Call::ftruncate, 0, CALLER, -1, [=](auto) { return REAL(ftruncate)(descriptor, length); });
}

int ioctl(int descriptor, unsigned long request, ...) noexcept
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    const Injector::Verdict verdict = Injector::of_process().judge(Call::ioctl, request, CALLER);
    return verdict.fault ? fail_ioctl(descriptor, request, argument, *verdict.fault)
                         : REAL(ioctl)(descriptor, request, argument);
}

off_t lseek(int descriptor, off_t offset, int whence) noexcept
{
    return judge<off_t>(Call::lseek, 0, CALLER, -1, [=](auto) { return REAL(lseek)(descriptor, offset, whence); });
}

int madvise(void *start, std::size_t size, int advice) noexcept
{
    return judge(Call::madvise, static_cast<std::uint64_t>(advice), CALLER, -1,
                 [=](auto) { return REAL(madvise)(start, size, advice); });
}

int mincore(void *start, std::size_t size, unsigned char *present) noexcept
{
    return judge(Call::mincore, 0, CALLER, -1, [=](auto) { return REAL(mincore)(start, size, present); });
}

int mkostemp(char *name, int flags)
{
    return judge(Call::mkostemp, 0, CALLER, -1, [=](auto) { return REAL(mkostemp)(name, flags); });
}

void *mmap(void *address, std::size_t size, int protection, int flags, int descriptor, off_t offset) noexcept
{
    return judge(Call::mmap, 0, CALLER, MAP_FAILED, [=](std::uint64_t site) {
        void *got = REAL(mmap)(address, size, protection, flags, descriptor, offset);
        if (site != 0 && got != MAP_FAILED)
            Ledger::of_process().mapped(got, size, site);
        return got;
    });
}

int mprotect(void *start, std::size_t size, int protection) noexcept
{
    return judge(Call::mprotect, 0, CALLER, -1, [=](auto) { return REAL(mprotect)(start, size, protection); });
}

void *mremap(void *old, std::size_t old_size, std::size_t new_size, int flags, ...) noexcept
{
    va_list arguments;
    va_start(arguments, flags);
    void *address = va_arg(arguments, void *);
    va_end(arguments);
    return judge(Call::mremap, 0, CALLER, MAP_FAILED, [=](std::uint64_t site) {
        void *got = REAL(mremap)(old, old_size, new_size, flags, address);
        if (site != 0 && got != MAP_FAILED)
            Ledger::of_process().mapped(got, new_size, site); // the library leaves the old range where it is
        return got;
    });
}

int munlock(const void *start, std::size_t size) noexcept
{
    return judge(Call::munlock, 0, CALLER, -1, [=](auto) { return REAL(munlock)(start, size); });
}

int munmap(void *start, std::size_t size) noexcept
{
    return judge(Call::munmap, 0, CALLER, -1, [=](std::uint64_t site) {
        const int result = REAL(munmap)(start, size);
        if (site != 0 && result == 0)
            Ledger::of_process().unmapped(start, size);
        return result;
    });
}

int nanosleep(const timespec *wanted, timespec *left)
{
    return judge(Call::nanosleep, 0, CALLER, -1, [=](auto) { return REAL(nanosleep)(wanted, left); });
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return judge(Call::open, 0, CALLER, -1, [=](auto) { return REAL(open)(path, flags, mode); });
}

ssize_t pread(int descriptor, void *out, std::size_t size, off_t offset)
{
    const Injector::Verdict verdict = Injector::of_process().judge(Call::pread, 0, CALLER);
    if (!verdict.fault)
        return REAL(pread)(descriptor, out, size, offset);
    if (verdict.fault->partial)
        return REAL(pread)(descriptor, out, size > 8 ? half_of(size, 8) : size, offset);
    errno = verdict.fault->error;
    return -1;
}

ssize_t process_vm_readv(pid_t process, const iovec *local, unsigned long locals, const iovec *remote,
                         unsigned long remotes, unsigned long flags) noexcept
{
    return judge<ssize_t>(Call::process_vm_readv, 0, CALLER, -1,
                          [=](auto) { return REAL(process_vm_readv)(process, local, locals, remote, remotes, flags); });
}

ssize_t pwrite(int descriptor, const void *data, std::size_t size, off_t offset)
{
    const Injector::Verdict verdict = Injector::of_process().judge(Call::pwrite, 0, CALLER);
    if (!verdict.fault)
        return REAL(pwrite)(descriptor, data, size, offset);
    if (verdict.fault->partial)
        return REAL(pwrite)(descriptor, data, size > 8 ? half_of(size, 8) : size, offset);
    errno = verdict.fault->error;
    return -1;
}

ssize_t read(int descriptor, void *out, std::size_t size)
{
    return judge<ssize_t>(Call::read, 0, CALLER, -1, [=](auto) { return REAL(read)(descriptor, out, size); });
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // a structure of this name
int sigaction(int signal, const struct sigaction *action, struct sigaction *before) noexcept
{
    return judge(Call::sigaction, 0, CALLER, -1, [=](auto) { return REAL(sigaction)(signal, action, before); });
}
#pragma GCC diagnostic pop

long syscall(long number, ...) noexcept
{
    va_list arguments;
    va_start(arguments, number);
    long a[6];
    for (long &argument : a)
        argument = va_arg(arguments, long);
    va_end(arguments);
    auto request = static_cast<std::uint64_t>(number);
    if (number == SYS_futex && (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT)
        request = torture::futex_wait_request;
    const Injector::Verdict verdict = Injector::of_process().judge(Call::syscall, request, CALLER);
    if (!verdict.fault)
        return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (verdict.fault->partial) // the first of several ranges only
        return number == SYS_process_madvise ? REAL(syscall)(number, a[0], a[1], 1L, a[3], a[4], a[5]) : 0;
    errno = verdict.fault->error;
    return -1;
}

} // extern "C"

void *operator new(std::size_t size) { return allocate_or_throw(size, 0, CALLER); }
void *operator new[](std::size_t size) { return allocate_or_throw(size, 0, CALLER); }
void *operator new(std::size_t size, std::align_val_t alignment)
{
    return allocate_or_throw(size, static_cast<std::size_t>(alignment), CALLER);
}
void *operator new[](std::size_t size, std::align_val_t alignment)
{
    return allocate_or_throw(size, static_cast<std::size_t>(alignment), CALLER);
}
void *operator new(std::size_t size, const std::nothrow_t &) noexcept { return allocate(size, 0, CALLER); }
void *operator new[](std::size_t size, const std::nothrow_t &) noexcept { return allocate(size, 0, CALLER); }
void operator delete(void *memory) noexcept { deallocate(memory); }
void operator delete[](void *memory) noexcept { deallocate(memory); }
void operator delete(void *memory, std::size_t) noexcept { deallocate(memory); }
void operator delete[](void *memory, std::size_t) noexcept { deallocate(memory); }
void operator delete(void *memory, std::align_val_t) noexcept { deallocate(memory); }
void operator delete[](void *memory, std::align_val_t) noexcept { deallocate(memory); }
void operator delete(void *memory, std::size_t, std::align_val_t) noexcept { deallocate(memory); }
void operator delete[](void *memory, std::size_t, std::align_val_t) noexcept { deallocate(memory); }
void operator delete(void *memory, const std::nothrow_t &) noexcept { deallocate(memory); }
void operator delete[](void *memory, const std::nothrow_t &) noexcept { deallocate(memory); }
