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

kernel::File reopen(const kernel::File &file) noexcept
{
    return kernel::File(open(kernel::DescriptorPath(file).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)); // who has a lease on it does not make us wait
}

/// By one thread at a time.
void ClientFile::add(kernel::File file) noexcept
{
    const std::size_t count = count_.load(std::memory_order_relaxed);
    if (count == most)
        return;
    files_[count] = std::move(file);
    count_.store(count + 1, std::memory_order_release);
}

Status ClientFile::load(const Geometry &, ByteRange data, std::byte *out)
{
    Status status;
    for (std::size_t i = 0; i < count_.load(std::memory_order_acquire); ++i)
        if (status = load_by(files_[i], data, out); status.ok() || status.code == Code::truncated)
            break;
    return status;
}

Status ClientFile::load_by(const kernel::File &file, ByteRange data, std::byte *out) const noexcept
{
    int error = 0;
    std::size_t got = file.read_at(data.offset, out, data.length, error);
    for (int attempt = 0; error == EINVAL && attempt < 3; ++attempt) { // somebody has set O_DIRECT, and may do so again
        const int flags = fcntl(file.descriptor(), F_GETFL);
        if (flags < 0 || fcntl(file.descriptor(), F_SETFL, flags & ~O_DIRECT) != 0)
            break;
        got = file.read_at(data.offset, out, data.length, error);
    }
    if (error != 0)
        return fail_errno(Code::file, error, "reading %zu bytes at %zu of the shared file", data.length, data.offset);
    // After the bytes have been read: who changes the file from now on does not change them.
    Result<FileVersion> now = FileVersion::of(file);
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
