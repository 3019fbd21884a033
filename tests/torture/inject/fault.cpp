// SPDX-License-Identifier: MIT
#include "fault.hpp"

#include "uffd.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

namespace torture {
namespace {

// Newer than the headers of the distributions that we build on.
constexpr std::uint64_t open_tree_request = 428;
constexpr std::uint64_t fsopen_request = 430;
constexpr std::uint64_t fsconfig_request = 431;
constexpr std::uint64_t fsmount_request = 432;
constexpr std::uint64_t openat2_request = 437;
constexpr std::uint64_t mount_setattr_request = 442;

constexpr Fault again{"EAGAIN", EAGAIN, false, true};
constexpr Fault interrupted{"EINTR", EINTR, false, true};
constexpr Fault no_memory{"ENOMEM", ENOMEM};
constexpr Fault too_many_files{"EMFILE", EMFILE};
constexpr Fault not_permitted{"EPERM", EPERM};
constexpr Fault no_access{"EACCES", EACCES};
constexpr Fault no_entry{"ENOENT", ENOENT};
constexpr Fault no_space{"ENOSPC", ENOSPC};
constexpr Fault over_quota{"EDQUOT", EDQUOT};
constexpr Fault device_error{"EIO", EIO};
constexpr Fault invalid{"EINVAL", EINVAL};
constexpr Fault busy{"EBUSY", EBUSY};
constexpr Fault exists{"EEXIST", EEXIST, false, true}; // without anything there it can only be a moment's state
constexpr Fault not_supported{"EOPNOTSUPP", EOPNOTSUPP};
constexpr Fault no_such_call{"ENOSYS", ENOSYS};
constexpr Fault too_large{"EFBIG", EFBIG};
constexpr Fault short_count{"short", 0, true, true};
constexpr Fault part_then_again{"part-EAGAIN", EAGAIN, true, true};
constexpr Fault part_then_no_memory{"part-ENOMEM", ENOMEM, true};
constexpr Fault part_then_busy{"part-EBUSY", EBUSY, true};

constexpr std::array allocate_faults{Fault{"bad_alloc", ENOMEM}};
constexpr std::array fallocate_faults{not_supported, no_space, device_error, interrupted};
constexpr std::array fdatasync_faults{device_error, no_space, over_quota};
constexpr std::array change_mode_faults{not_permitted, device_error};
constexpr std::array fopen_faults{no_entry, too_many_files, no_access, no_memory};
constexpr std::array fread_faults{device_error, no_memory};
constexpr std::array fstat_faults{device_error, no_memory};
constexpr std::array ftruncate_faults{no_memory, too_large, interrupted};
constexpr std::array lseek_faults{device_error};
constexpr std::array mincore_faults{again};
constexpr std::array mkdir_faults{no_access, no_entry, no_space};
constexpr std::array mkostemp_faults{too_many_files, no_space, no_access};
constexpr std::array mmap_faults{no_memory, again};
constexpr std::array only_no_memory{no_memory};
constexpr std::array mremap_faults{no_memory, invalid};
constexpr std::array munlock_faults{no_memory, again};
constexpr std::array nanosleep_faults{interrupted};
constexpr std::array open_faults{no_entry,  no_access, not_permitted, too_many_files,
                                 no_memory, no_space,  not_supported, interrupted};
constexpr std::array poll_faults{no_memory, interrupted};
constexpr std::array only_invalid{invalid};
constexpr std::array pread_faults{device_error, no_memory, interrupted, short_count};
constexpr std::array process_vm_readv_faults{not_permitted, short_count};
constexpr std::array limit_faults{Fault{"EAGAIN", EAGAIN}}; // not a moment's state: there are as many threads, or keys, as there may be
constexpr std::array pwrite_faults{no_space, device_error, over_quota, interrupted, short_count};
constexpr std::array read_faults{again, interrupted};
constexpr std::array sched_getaffinity_faults{invalid, not_permitted}; // more processors than fit in the set; a sandbox
constexpr std::array sched_setaffinity_faults{invalid, not_permitted}; // none of them is left; a sandbox
constexpr std::array sync_file_range_faults{device_error, no_space};
constexpr std::array write_faults{busy, invalid, not_supported}; // of a file of the kernel's that takes orders

constexpr std::array accept4_faults{too_many_files, no_memory, Fault{"ECONNABORTED", ECONNABORTED}, interrupted, again};
constexpr std::array bind_faults{no_access, no_memory, no_space, Fault{"EADDRINUSE", EADDRINUSE}};
constexpr std::array connect_faults{no_access, Fault{"ECONNREFUSED", ECONNREFUSED}, no_entry};
constexpr std::array new_descriptor_faults{too_many_files, no_memory};
constexpr std::array watch_event_faults{no_memory, no_space};
constexpr std::array only_interrupted{interrupted};
constexpr std::array duplicate_faults{too_many_files};
constexpr std::array seal_faults{busy, not_permitted};
constexpr std::array pipe_size_faults{not_permitted, no_memory};
constexpr std::array listen_faults{Fault{"EADDRINUSE", EADDRINUSE}};
constexpr std::array lookup_faults{no_entry, no_access, no_memory};
constexpr std::array preadv2_faults{not_supported, again, interrupted};
constexpr std::array recvmsg_faults{no_memory, again, interrupted, Fault{"no-descriptor", 0, true}};
constexpr std::array sendmsg_faults{no_memory, Fault{"ETOOMANYREFS", ETOOMANYREFS}, again, interrupted};
constexpr std::array setsockopt_faults{no_memory};
constexpr std::array sigaction_faults{not_permitted};
constexpr std::array splice_faults{no_memory, no_space, interrupted, Fault{"short", 0, true}};
constexpr std::array vmsplice_faults{no_memory, interrupted, Fault{"short", 0, true}};
constexpr std::array mount_faults{not_permitted, no_memory, no_such_call};

constexpr std::array inherit_faults{no_memory, Fault{"EAGAIN", EAGAIN}};
constexpr std::array huge_page_faults{invalid, no_memory};
constexpr std::array drop_faults{invalid, no_memory};
constexpr std::array populate_faults{invalid, no_memory, Fault{"EFAULT", EFAULT}, again, interrupted};

constexpr std::array open_userfaultfd_faults{not_permitted, too_many_files, no_memory, no_such_call};
constexpr std::array handshake_faults{invalid, not_permitted};
constexpr std::array watch_faults{no_memory, invalid, busy};
constexpr std::array copy_faults{no_memory, again, exists, part_then_again, part_then_no_memory};
constexpr std::array move_faults{no_memory, again, busy, invalid, exists, part_then_again, part_then_busy};
constexpr std::array continue_faults{Fault{"ENOMEM", ENOMEM, false, true}}; // some bytes, and nothing else tells whose a page is
constexpr std::array unwatch_faults{Fault{"ENOMEM", ENOMEM, false, true}};
constexpr std::array protect_faults{no_memory, again};
constexpr std::array memfd_faults{too_many_files, no_memory, not_permitted};
constexpr std::array futex_wait_faults{again, interrupted};
constexpr std::array scattered_drop_faults{not_permitted, no_memory, interrupted, short_count};
constexpr std::array pidfd_faults{too_many_files, no_memory};

std::span<const Fault> ioctl_faults(std::uint64_t request)
{
    switch (request) {
    case USERFAULTFD_IOC_NEW:
        return open_userfaultfd_faults;
    case UFFDIO_API:
        return handshake_faults;
    case UFFDIO_REGISTER:
        return watch_faults;
    case UFFDIO_COPY:
        return copy_faults;
    case UFFDIO_MOVE:
        return move_faults;
    case UFFDIO_WRITEPROTECT:
    case UFFDIO_POISON:
        return protect_faults;
    case UFFDIO_CONTINUE:
        return continue_faults;
    case UFFDIO_UNREGISTER:
        return unwatch_faults;
    }
    return {}; // UFFDIO_WAKE fails for wrong arguments only
}

std::span<const Fault> madvise_faults(std::uint64_t advice)
{
    switch (advice) {
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_WIPEONFORK:
        return inherit_faults;
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
        return huge_page_faults;
    case MADV_POPULATE_READ:
        return populate_faults;
    }
    return drop_faults;
}

std::span<const Fault> syscall_faults(std::uint64_t number)
{
    switch (number) {
    case SYS_userfaultfd:
        return open_userfaultfd_faults;
    case SYS_memfd_create:
        return memfd_faults;
    case futex_wait_request:
        return futex_wait_faults;
    case SYS_process_madvise:
        return scattered_drop_faults;
    case SYS_pidfd_open:
        return pidfd_faults;
    case fsopen_request:
    case fsconfig_request:
    case fsmount_request:
    case open_tree_request:
    case mount_setattr_request:
        return mount_faults;
    case openat2_request:
        return open_faults;
    }
    return {}; // to wake, and to send a signal that cannot be queued up, fails for wrong arguments only
}

std::span<const Fault> fcntl_faults(std::uint64_t command)
{
    switch (command) {
    case F_DUPFD_CLOEXEC:
        return duplicate_faults;
    case F_ADD_SEALS:
        return seal_faults;
    case F_SETPIPE_SZ:
        return pipe_size_faults;
    }
    return {}; // flags of what is open are read and changed without fail
}

std::string ioctl_name(std::uint64_t request)
{
    switch (request) {
    case USERFAULTFD_IOC_NEW:
        return "USERFAULTFD_IOC_NEW";
    case UFFDIO_API:
        return "UFFDIO_API";
    case UFFDIO_REGISTER:
        return "UFFDIO_REGISTER";
    case UFFDIO_UNREGISTER:
        return "UFFDIO_UNREGISTER";
    case UFFDIO_COPY:
        return "UFFDIO_COPY";
    case UFFDIO_MOVE:
        return "UFFDIO_MOVE";
    case UFFDIO_WRITEPROTECT:
        return "UFFDIO_WRITEPROTECT";
    case UFFDIO_POISON:
        return "UFFDIO_POISON";
    case UFFDIO_CONTINUE:
        return "UFFDIO_CONTINUE";
    case UFFDIO_WAKE:
        return "UFFDIO_WAKE";
    }
    return "ioctl(" + std::to_string(request) + ")";
}

std::string advice_name(std::uint64_t advice)
{
    switch (advice) {
    case MADV_DONTNEED:
        return "MADV_DONTNEED";
    case MADV_DONTNEED_LOCKED:
        return "MADV_DONTNEED_LOCKED";
    case MADV_REMOVE:
        return "MADV_REMOVE";
    case MADV_DONTFORK:
        return "MADV_DONTFORK";
    case MADV_DOFORK:
        return "MADV_DOFORK";
    case MADV_WIPEONFORK:
        return "MADV_WIPEONFORK";
    case MADV_HUGEPAGE:
        return "MADV_HUGEPAGE";
    case MADV_NOHUGEPAGE:
        return "MADV_NOHUGEPAGE";
    case MADV_POPULATE_READ:
        return "MADV_POPULATE_READ";
    }
    return "madvise(" + std::to_string(advice) + ")";
}

std::string fcntl_name(std::uint64_t command)
{
    switch (command) {
    case F_DUPFD_CLOEXEC:
        return "F_DUPFD_CLOEXEC";
    case F_ADD_SEALS:
        return "F_ADD_SEALS";
    case F_SETPIPE_SZ:
        return "F_SETPIPE_SZ";
    case F_GETFL:
        return "F_GETFL";
    case F_SETFL:
        return "F_SETFL";
    }
    return "fcntl(" + std::to_string(command) + ")";
}

std::string epoll_name(std::uint64_t operation)
{
    return operation == EPOLL_CTL_ADD ? "EPOLL_CTL_ADD" : operation == EPOLL_CTL_MOD ? "EPOLL_CTL_MOD" : "EPOLL_CTL_DEL";
}

std::string syscall_name(std::uint64_t number)
{
    switch (number) {
    case SYS_userfaultfd:
        return "userfaultfd";
    case SYS_memfd_create:
        return "memfd_create";
    case futex_wait_request:
        return "FUTEX_WAIT";
    case SYS_futex:
        return "FUTEX_WAKE";
    case SYS_process_madvise:
        return "process_madvise";
    case SYS_pidfd_open:
        return "pidfd_open";
    case SYS_tgkill:
        return "tgkill";
    case open_tree_request:
        return "open_tree";
    case fsopen_request:
        return "fsopen";
    case fsconfig_request:
        return "fsconfig";
    case fsmount_request:
        return "fsmount";
    case openat2_request:
        return "openat2";
    case mount_setattr_request:
        return "mount_setattr";
    }
    return "syscall(" + std::to_string(number) + ")";
}

constexpr const char *function_names[] = {
    "operator new",
    "accept4",
    "bind",
    "chmod",
    "connect",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "eventfd",
    "fallocate",
    "fchmod",
    "fcntl",
    "fdatasync",
    "fopen",
    "fread",
    "fstat",
    "fstatfs",
    "ftruncate",
    "getsockopt",
    "ioctl",
    "listen",
    "lseek",
    "lstat",
    "madvise",
    "mincore",
    "mkdir",
    "mkostemp",
    "mmap",
    "mprotect",
    "mremap",
    "munlock",
    "munmap",
    "nanosleep",
    "open",
    "openat",
    "pipe2",
    "poll",
    "posix_fadvise",
    "pread",
    "preadv2",
    "process_vm_readv",
    "pthread_attr_init",
    "pthread_create",
    "pthread_key_create",
    "pthread_setspecific",
    "pwrite",
    "read",
    "readlink",
    "recvmsg",
    "sched_getaffinity",
    "sched_setaffinity",
    "sendmsg",
    "setsockopt",
    "sigaction",
    "socket",
    "splice",
    "sync_file_range",
    "syscall",
    "unlink",
    "unlinkat",
    "vmsplice",
    "write",
};
static_assert(std::size(function_names) == static_cast<std::size_t>(Call::count));

constexpr Pattern all_patterns[] = {{"once", 0}, {"ever", 1}, {"every-2", 2}, {"every-3", 3}, {"every-7", 7}};

} // namespace

std::span<const Fault> plausible_faults(Call call, std::uint64_t request)
{
    switch (call) {
    case Call::allocate:
        return allocate_faults;
    case Call::accept4:
        return accept4_faults;
    case Call::bind:
        return bind_faults;
    case Call::chmod:
    case Call::fchmod:
        return change_mode_faults;
    case Call::connect:
        return connect_faults;
    case Call::epoll_create1:
    case Call::eventfd:
    case Call::pipe2:
    case Call::socket:
        return new_descriptor_faults;
    case Call::epoll_ctl: // what is watched already is watched again without fail
        return request == EPOLL_CTL_ADD ? std::span<const Fault>(watch_event_faults) : std::span<const Fault>();
    case Call::epoll_wait:
        return only_interrupted;
    case Call::fallocate:
        return request == fallocate_in_memory ? std::span<const Fault>(only_interrupted) : fallocate_faults;
    case Call::fcntl:
        return fcntl_faults(request);
    case Call::fdatasync:
        return fdatasync_faults;
    case Call::fopen:
        return fopen_faults;
    case Call::fread:
        return fread_faults;
    case Call::fstat:
    case Call::fstatfs:
        return fstat_faults;
    case Call::ftruncate:
        return ftruncate_faults;
    case Call::getsockopt: // of a descriptor; other options are numbers
        return request == SO_PEERPIDFD ? std::span<const Fault>(new_descriptor_faults) : std::span<const Fault>();
    case Call::ioctl:
        return ioctl_faults(request);
    case Call::listen:
        return listen_faults;
    case Call::lseek:
        return lseek_faults;
    case Call::lstat:
    case Call::readlink:
    case Call::unlink:
    case Call::unlinkat:
        return lookup_faults;
    case Call::madvise:
        return madvise_faults(request);
    case Call::mincore:
        return mincore_faults;
    case Call::mkdir:
        return mkdir_faults;
    case Call::mkostemp:
        return mkostemp_faults;
    case Call::mmap:
        return mmap_faults;
    case Call::mprotect:
    case Call::munmap:
        return only_no_memory;
    case Call::mremap:
        return mremap_faults;
    case Call::munlock:
        return munlock_faults;
    case Call::nanosleep:
        return nanosleep_faults;
    case Call::open:
    case Call::openat:
        return open_faults;
    case Call::poll:
        return poll_faults;
    case Call::posix_fadvise:
        return only_invalid;
    case Call::pread:
        return pread_faults;
    case Call::preadv2:
        return preadv2_faults;
    case Call::process_vm_readv:
        return process_vm_readv_faults;
    case Call::pthread_attr_init:
    case Call::pthread_setspecific:
        return only_no_memory;
    case Call::pthread_create:
    case Call::pthread_key_create:
        return limit_faults;
    case Call::pwrite:
        return pwrite_faults;
    case Call::read:
        return read_faults;
    case Call::recvmsg:
        return recvmsg_faults;
    case Call::sched_getaffinity:
        return sched_getaffinity_faults;
    case Call::sched_setaffinity:
        return sched_setaffinity_faults;
    case Call::sendmsg:
        return sendmsg_faults;
    case Call::setsockopt:
        return setsockopt_faults;
    case Call::sigaction:
        return sigaction_faults;
    case Call::splice:
        return splice_faults;
    case Call::sync_file_range:
        return sync_file_range_faults;
    case Call::vmsplice:
        return vmsplice_faults;
    case Call::write:
        return write_faults;
    case Call::count:
        break;
    case Call::syscall:
        return syscall_faults(request);
    }
    return {};
}

std::string name_of(Call call, std::uint64_t request)
{
    switch (call) {
    case Call::epoll_ctl:
        return epoll_name(request);
    case Call::fcntl:
        return fcntl_name(request);
    case Call::ioctl:
        return ioctl_name(request);
    case Call::madvise:
        return advice_name(request);
    case Call::syscall:
        return syscall_name(request);
    default:
        return function_names[static_cast<std::size_t>(call)];
    }
}

const Fault *fault_named(Call call, std::uint64_t request, std::string_view name)
{
    for (const Fault &fault : plausible_faults(call, request))
        if (name == fault.name)
            return &fault;
    return nullptr;
}

std::span<const Pattern> patterns() { return all_patterns; }

const Pattern *pattern_named(std::string_view name)
{
    for (const Pattern &pattern : all_patterns)
        if (name == pattern.name)
            return &pattern;
    return nullptr;
}

} // namespace torture
