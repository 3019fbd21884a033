// SPDX-License-Identifier: MIT
#include "allowed_directories.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_openat2 // 5.6
#define SYS_openat2 437
#endif

namespace ufomem::service {
namespace {

/// The path by which it was opened, as it is called now; empty if that is not known.
std::string path_of(const kernel::File &file)
{
    std::string path(PATH_MAX, '\0');
    const ssize_t size = readlink(kernel::DescriptorPath(file).c_str(), path.data(), path.size());
    path.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return path;
}

/// What is left of `path` below `directory`; empty if it is not there.
std::string below(std::string directory, const std::string &path)
{
    if (directory != "/")
        directory += '/';
    return path.starts_with(directory) ? path.substr(directory.size()) : std::string();
}

/// Follows the path from the directory, never out of it, and no symbolic link.
kernel::File follow(const kernel::File &directory, const std::string &path)
{
    struct { // open_how
        std::uint64_t flags, mode, resolve;
    } how{static_cast<std::uint64_t>(O_PATH | O_CLOEXEC), 0,
          0x08 /* RESOLVE_BENEATH */ | 0x04 /* RESOLVE_NO_SYMLINKS */ | 0x02 /* RESOLVE_NO_MAGICLINKS */};
    return kernel::File(static_cast<int>(syscall(SYS_openat2, directory.descriptor(), path.c_str(), &how, sizeof how)));
}

bool are_the_same(const kernel::File &one, const kernel::File &other)
{
    struct stat of_one {};
    struct stat of_other {};
    return fstat(one.descriptor(), &of_one) == 0 && fstat(other.descriptor(), &of_other) == 0
           && of_one.st_dev == of_other.st_dev && of_one.st_ino == of_other.st_ino;
}

} // namespace

Result<AllowedDirectories> AllowedDirectories::open(const std::vector<std::string> &paths)
{
    AllowedDirectories allowed;
    for (const std::string &path : paths) {
        kernel::File directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!directory)
            return fail_errno(Code::file, errno, "files in '%s' cannot be allowed to be shared", path.c_str());
        allowed.directories_.push_back(std::move(directory));
    }
    return allowed;
}

Status AllowedDirectories::check(const kernel::File &file) const
{
    if (directories_.empty())
        return {};
    const std::string path = path_of(file);
    bool can_look = true; // a sandbox may forbid openat2, and what cannot be checked is not shared
    const bool allowed = std::any_of(directories_.begin(), directories_.end(), [&](const kernel::File &directory) {
        const std::string rest = below(path_of(directory), path);
        const kernel::File found = rest.empty() ? kernel::File() : follow(directory, rest);
        can_look &= rest.empty() || found || errno != ENOSYS;
        return found && are_the_same(found, file);
    });
    if (!allowed && !can_look)
        return fail(Code::permission,
                    "the service cannot check where '%s' is: openat2(2) is refused, as by RestrictSUIDSGID= of systemd "
                    "or by a container's filter; allow it, or allow all directories",
                    path.c_str());
    if (!allowed)
        return fail(Code::permission,
                    "the service does not share '%s': it is not, or not any more, in one of the directories that it "
                    "was told to share files of",
                    path.c_str());
    return {};
}

} // namespace ufomem::service
