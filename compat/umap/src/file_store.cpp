// SPDX-License-Identifier: MIT
#include "file_store.hpp"

#include "log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace compat {
namespace {

/// -1, with errno set, if nothing can be mapped of that file.
off_t end_of(int descriptor)
{
    struct stat status{};
    if (fstat(descriptor, &status) != 0)
        return -1;
    if (S_ISREG(status.st_mode))
        return status.st_size;
    std::uint64_t bytes = 0;
    if (S_ISBLK(status.st_mode))
        return ioctl(descriptor, BLKGETSIZE64, &bytes) == 0 ? static_cast<off_t>(bytes) : -1;
    errno = ENODEV;
    return -1;
}

} // namespace

std::unique_ptr<FileStore> FileStore::open(int descriptor, off_t limit)
{
    const off_t end = end_of(descriptor);
    const int own = end < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
        return nullptr;
    return std::unique_ptr<FileStore>(new FileStore(own, end, limit));
}

FileStore::~FileStore()
{
    close(descriptor_);
    if (const int other = buffered_.load(); other >= 0)
        close(other);
}

bool FileStore::readable() const { return (fcntl(descriptor_, F_GETFL) & O_ACCMODE) != O_WRONLY; }
bool FileStore::writable() const { return (fcntl(descriptor_, F_GETFL) & O_ACCMODE) == O_RDWR; }

/// The end of an array need not lie where O_DIRECT wants it to.
int FileStore::buffered()
{
    int present = buffered_.load();
    if (present >= 0)
        return present;
    const int made = ::open(("/proc/self/fd/" + std::to_string(descriptor_)).c_str(), O_RDWR | O_CLOEXEC);
    if (made >= 0 && !buffered_.compare_exchange_strong(present, made)) {
        close(made);
        return present;
    }
    return made;
}

void FileStore::grow(off_t end)
{
    off_t known = end_.load();
    while (known < end && !end_.compare_exchange_weak(known, end)) {
    }
}

ssize_t FileStore::read_from_store(char *buffer, std::size_t bytes, off_t offset)
{
    const off_t had = end_.load(); // before the read: what it misses of that has gone
    std::size_t done = 0;
    while (done < bytes) {
        const ssize_t got = pread(descriptor_, buffer + done, bytes - done, offset + static_cast<off_t>(done));
        if (got == 0)
            break;
        if (got > 0)
            done += static_cast<std::size_t>(got);
        else if (errno == EINVAL && done > 0 && done % 512 != 0)
            break; // O_DIRECT, and the file's end lies here
        else if (errno != EINTR)
            return -1;
    }
    const off_t reached = offset + static_cast<off_t>(done);
    if (done < bytes && reached < had) {
        fail(EIO, "the mapped file ends at byte %lld; it had %lld bytes", static_cast<long long>(reached), static_cast<long long>(had));
        return -1;
    }
    std::memset(buffer + done, 0, bytes - done);
    return static_cast<ssize_t>(bytes);
}

ssize_t FileStore::write_to_store(char *buffer, std::size_t bytes, off_t offset)
{
    const std::size_t wanted = offset < limit_ ? static_cast<std::size_t>(std::min<off_t>(static_cast<off_t>(bytes), limit_ - offset)) : 0;
    int descriptor = descriptor_;
    std::size_t done = 0;
    while (done < wanted) {
        const ssize_t put = pwrite(descriptor, buffer + done, wanted - done, offset + static_cast<off_t>(done));
        if (put > 0) {
            done += static_cast<std::size_t>(put);
        } else if (put < 0 && errno == EINVAL && descriptor == descriptor_ && (fcntl(descriptor_, F_GETFL) & O_DIRECT)) {
            if ((descriptor = buffered()) < 0)
                return -1;
        } else if (put == 0 || errno != EINTR) {
            errno = put == 0 ? EIO : errno;
            return -1;
        }
    }
    if (done > 0)
        grow(offset + static_cast<off_t>(done));
    return static_cast<ssize_t>(bytes);
}

} // namespace compat

Umap::Store *Umap::Store::make_store(void *, std::size_t, std::size_t, int descriptor)
{
    try {
        return compat::FileStore::open(descriptor, compat::FileStore::no_limit).release();
    } catch (const std::bad_alloc &) {
        errno = ENOMEM;
        return nullptr;
    }
}
