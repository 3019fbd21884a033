// SPDX-License-Identifier: MIT
#include "shared_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

// Newer than the headers of the distributions that we build on, or not in the C library's.
#ifndef SYS_mount_setattr // 5.12
#define SYS_mount_setattr 442
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_SEAL_SEAL 0x0001
#define F_SEAL_SHRINK 0x0002
#define F_SEAL_GROW 0x0004
#endif

namespace ufomem::kernel {
namespace {

constexpr mode_t owner_reads = 0400;

int open_file_system(const char *name) { return static_cast<int>(syscall(SYS_fsopen, name, 1U /* FSOPEN_CLOEXEC */)); }
bool set_option(int context, const char *key, const char *value) { return syscall(SYS_fsconfig, context, 1U /* FSCONFIG_SET_STRING */, key, value, 0) == 0; }
bool create(int context) { return syscall(SYS_fsconfig, context, 6U /* FSCONFIG_CMD_CREATE */, nullptr, nullptr, 0) == 0; }
int mount(int context) { return static_cast<int>(syscall(SYS_fsmount, context, 1U /* FSMOUNT_CLOEXEC */, 0U)); }
int clone_mount(int tree)
{
    return static_cast<int>(syscall(SYS_open_tree, tree, "", 1U /* OPEN_TREE_CLONE */ | static_cast<unsigned>(O_CLOEXEC) | static_cast<unsigned>(AT_EMPTY_PATH)));
}
bool make_read_only(int tree)
{
    struct { // mount_attr
        std::uint64_t set, clear, propagation, user_namespace;
    } attributes{1 /* MOUNT_ATTR_RDONLY */, 0, 0, 0};
    return syscall(SYS_mount_setattr, tree, "", static_cast<unsigned>(AT_EMPTY_PATH), &attributes, sizeof attributes) == 0;
}

/// Before 6.14 (acd7ccb284b8) a file in memory had pages of one size, or of two: nothing is gained.
bool writes_make_large_pages()
{
    utsname name{};
    unsigned major = 0;
    unsigned minor = 0;
    return uname(&name) == 0 && std::sscanf(name.release, "%u.%u", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 14));
}

} // namespace

Result<SharedFile> SharedFile::make(std::size_t size, Guard strongest)
{
    SharedFile file;
    if (strongest == Guard::read_only_mount && file.make_on_own_mount(size))
        return file;
    file = SharedFile();
    if (Status status = file.make_memfd(size); !status.ok())
        return status;
    return file;
}

/// A file system of its own that is mounted twice and nowhere to be found: here it can be written, and what is opened through the other
/// mount cannot, whatever its mode, and whoever asks.  Both end with the descriptors.
bool SharedFile::make_on_own_mount(std::size_t size) noexcept
{
    const File context(open_file_system("tmpfs"));
    // The budget limits it, and not half of the machine's memory.
    if (!context || !set_option(context.descriptor(), "size", "0") || !set_option(context.descriptor(), "mode", "0700"))
        return false;
    has_large_pages_ = writes_make_large_pages() && set_option(context.descriptor(), "huge", "always"); // refused where there are none
    if (!create(context.descriptor()))
        return false;
    const File inside(mount(context.descriptor()));
    const File outside(inside ? clone_mount(inside.descriptor()) : -1);
    if (!outside || !make_read_only(outside.descriptor()))
        return false;
    constexpr const char *name = "cache";
    writable_ = File(openat(inside.descriptor(), name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, owner_reads));
    readable_ = File(openat(outside.descriptor(), name, O_RDONLY | O_CLOEXEC));
    guard_ = Guard::read_only_mount;
    return writable_ && readable_ && writable_.set_length(size) && unlinkat(inside.descriptor(), name, 0) == 0;
}

Status SharedFile::make_memfd(std::size_t size) noexcept
{
    writable_ = File(static_cast<int>(syscall(SYS_memfd_create, "ufomem-shared", 3U /* MFD_CLOEXEC | MFD_ALLOW_SEALING */)));
    if (!writable_)
        return fail_errno(Code::system, errno, "cannot make a file in memory; does a sandbox forbid memfd_create?");
    if (!writable_.set_length(size))
        return fail_errno(Code::nomem, errno, "cannot make a shared file of %zu bytes", size);
    // (F_SEAL_FUTURE_WRITE would keep us from writing, and from making holes.)
    if (fcntl(writable_.descriptor(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0 || fchmod(writable_.descriptor(), owner_reads) != 0)
        return fail_errno(Code::system, errno, "cannot seal a shared file");
    const DescriptorPath path(writable_);
    readable_ = File(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!readable_)
        return fail_errno(Code::system, errno, "cannot open '%s' for reading; is /proc mounted?", path.c_str());
    guard_ = Guard::file_mode;
    return {};
}

Status SharedFile::punch(std::size_t offset, std::size_t size) const noexcept
{
    while (fallocate(writable_.descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(size)) != 0)
        if (errno != EINTR)
            return fail_errno(Code::system, errno, "cannot make a hole of %zu bytes in shared memory", size);
    return {};
}

} // namespace ufomem::kernel
