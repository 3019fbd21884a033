// SPDX-License-Identifier: MIT
#include "file_version.hpp"

#include <cerrno>

#include <sys/stat.h>
#include <unistd.h>

namespace ufomem::service {

Result<FileVersion> FileVersion::of(const kernel::File &file) noexcept
{
    struct stat info {};
    if (fstat(file.descriptor(), &info) != 0)
        return fail_errno(Code::file, errno, "cannot stat the file");
    FileVersion version;
    version.device = info.st_dev;
    version.inode = info.st_ino;
    version.size = static_cast<std::uint64_t>(info.st_size);
    if (S_ISBLK(info.st_mode)) {
        version.device = info.st_rdev;
        const off_t end = lseek(file.descriptor(), 0, SEEK_END);
        if (end < 0)
            return fail_errno(Code::file, errno, "cannot get the length of the device");
        version.size = static_cast<std::uint64_t>(end);
    }
    version.changed_seconds = info.st_ctim.tv_sec;
    version.changed_nanoseconds = info.st_ctim.tv_nsec;
    return version;
}

} // namespace ufomem::service
