// SPDX-License-Identifier: MIT
#include "file.hpp"

#include <cerrno>
#include <limits>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ufomem {
namespace {

Status cannot_open(const char *path, int error, bool writing)
{
    const Code code = error == EACCES || error == EPERM || error == EROFS ? Code::permission : Code::file;
    return fail_errno(code, error, "cannot open '%s' for %s", path, writing ? "reading and writing" : "reading");
}

} // namespace

Result<std::shared_ptr<OpenFile>> OpenFile::open(const char *path, std::uint64_t offset, int flags)
{
    auto file = std::make_shared<OpenFile>();
    file->path = path;
    file->offset = offset;
    file->takes_changes = (flags & writeback) != 0;
    const int access = (file->takes_changes ? O_RDWR : O_RDONLY) | O_CLOEXEC;
    // Without O_NONBLOCK a named pipe would wait for its other end.
    file->disk.open(kernel::File(::open(path, access | O_NONBLOCK)));
    if (!file->disk)
        return cannot_open(path, errno, file->takes_changes);
    struct stat info {};
    if (fstat(file->descriptor(), &info) != 0)
        return fail_errno(Code::file, errno, "cannot stat '%s'", path);
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode))
        return fail(Code::file, "'%s' is not a file with a length; only regular files and block devices can be arrays", path);
    if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()))
        return fail(Code::overflow, "offset %llu is larger than any file", static_cast<unsigned long long>(offset));
    if ((flags & direct) != 0)
        file->disk.open_unbuffered(path, access);
    return file;
}

Status OpenFile::check_length(std::size_t bytes) const
{
    const off_t length = lseek(descriptor(), 0, SEEK_END);
    if (length < 0)
        return fail_errno(Code::file, errno, "cannot get the length of '%s'", path.c_str());
    const auto size = static_cast<std::uint64_t>(length);
    if (offset > size || bytes > size - offset)
        return fail(Code::truncated, "'%s' has %llu bytes, fewer than offset %llu plus %zu bytes of elements; use fewer elements, or extend it first",
                    path.c_str(), static_cast<unsigned long long>(size), static_cast<unsigned long long>(offset), bytes);
    return {};
}

Status FileSource::load(const Geometry &, ByteRange data, std::byte *out)
{
    const std::uint64_t at = file_->offset + data.offset;
    int error = 0;
    const std::size_t got = file_->disk.read_at(at, out, data.length, error);
    if (error != 0)
        return fail_errno(Code::file, error, "reading %zu bytes at %llu of '%s'", data.length, static_cast<unsigned long long>(at),
                          file_->path.c_str());
    if (got < data.length)
        return fail(Code::truncated, "'%s' now ends at byte %llu, before the array does; restore its length and call ufo_reset",
                    file_->path.c_str(), static_cast<unsigned long long>(at) + got);
    return {};
}

Status FileSource::store(const Geometry &, ByteRange data, const std::byte *in)
{
    const std::uint64_t at = file_->offset + data.offset;
    int error = 0;
    if (file_->disk.write_at(at, in, data.length, error) < data.length)
        return fail_errno(Code::file, error != 0 ? error : EIO, "writing %zu bytes at %llu of '%s'; the changes stay in memory", data.length,
                          static_cast<unsigned long long>(at), file_->path.c_str());
    return {};
}

Status FileSource::sync()
{
    if (file_->takes_changes && fdatasync(file_->descriptor()) != 0)
        return fail_errno(Code::file, errno, "fdatasync of '%s'", file_->path.c_str());
    return {};
}

} // namespace ufomem
