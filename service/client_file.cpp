// SPDX-License-Identifier: MIT
#include "client_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>

namespace ufomem::service {

Status check_readable(const kernel::File &file) noexcept
{
    const int flags = fcntl(file.descriptor(), F_GETFL);
    if (flags < 0)
        return fail_errno(Code::file, errno, "cannot look at the file's descriptor");
    if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_WRONLY)
        return fail(Code::permission, "the file was not opened for reading; open it with O_RDONLY before it is shared");
    struct stat info {};
    if (fstat(file.descriptor(), &info) != 0)
        return fail_errno(Code::file, errno, "cannot stat the file");
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode))
        return fail(Code::file, "what was sent is not a file with a length; only regular files and block devices can be arrays");
    return {};
}

Status ClientFile::load(const Geometry &, ByteRange data, std::byte *out)
{
    int error = 0;
    const std::size_t got = file_.read_at(data.offset, out, data.length, error);
    if (error != 0)
        return fail_errno(Code::file, error, "reading %zu bytes at %zu of the shared file", data.length, data.offset);
    // After the bytes have been read: who changes the file from now on does not change them.
    Result<FileVersion> now = FileVersion::of(file_);
    if (!now.ok())
        return now.status();
    if (got < data.length)
        return fail(Code::truncated, "the shared file now ends at byte %zu, before the array does; open it again",
                    data.offset + got);
    if (*now != version_)
        return fail(Code::file, "the shared file has been changed since it was opened; open it again");
    return {};
}

} // namespace ufomem::service
