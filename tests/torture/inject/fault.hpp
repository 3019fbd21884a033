// SPDX-License-Identifier: MIT
// Which calls of the library can be made to fail, and in which ways the kernel might let them fail.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace torture {

enum class Call : std::uint8_t {
    allocate, // operator new, of whatever form
    accept4,
    bind,
    chmod,
    connect,
    epoll_create1,
    epoll_ctl,
    epoll_wait,
    eventfd,
    fallocate,
    fchmod,
    fcntl,
    fdatasync,
    fopen,
    fread,
    fstat,
    fstatfs,
    ftruncate,
    getsockopt,
    ioctl,
    listen,
    lseek,
    lstat,
    madvise,
    mincore,
    mkdir,
    mkostemp,
    mmap,
    mprotect,
    mremap,
    munlock,
    munmap,
    nanosleep,
    open,
    openat,
    pipe2,
    poll,
    posix_fadvise,
    pread,
    preadv2,
    process_vm_readv,
    pthread_attr_init,
    pthread_create,
    pthread_key_create,
    pthread_setspecific,
    pwrite,
    read,
    readlink,
    recvmsg,
    sched_getaffinity,
    sched_setaffinity,
    sendmsg,
    setsockopt,
    sigaction,
    socket,
    splice,
    sync_file_range,
    syscall,
    unlink,
    unlinkat,
    vmsplice,
    write,
    count
};

/// One way to fail.
struct Fault {
    const char *name; ///< of the errno; "short", "part-..." and "no-descriptor" for transfers that end early
    int error;        ///< 0: a transfer that says how far it came
    bool partial = false;
    /// The kernel asks to try again: that it does so for ever would be its own fault, so "for ever" ends after some time.
    bool asks_again = false;
};

/// When to fail: at the first call, at every n-th one, at all of them.
struct Pattern {
    const char *name;
    unsigned every = 0; ///< 0: once
};

/// A call is told from others that the same function makes by its request: that of an ioctl, of fcntl or epoll_ctl, the advice, the option,
/// the number of the system call.
std::span<const Fault> plausible_faults(Call call, std::uint64_t request);
std::string name_of(Call call, std::uint64_t request);
const Fault *fault_named(Call call, std::uint64_t request, std::string_view name);

std::span<const Pattern> patterns();
const Pattern *pattern_named(std::string_view name);

} // namespace torture
