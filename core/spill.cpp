// SPDX-License-Identifier: MIT
#include "spill.hpp"

#include "kernel/memory.hpp"
#include "signal_guard.hpp"
#include "units.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>

namespace ufomem {
namespace {

/// A transfer that begins in the middle of a page of the file has to read the page first.
std::size_t whole_pages(std::size_t size) { return round_up(size, kernel::page_size()); }

} // namespace

Status Spill::open()
{
    int descriptor = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (descriptor < 0
        && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) { // a file system or kernel without O_TMPFILE
        std::fill_n(template_.rbegin(), 6, 'X');                          // an earlier attempt may have chosen a name
        descriptor = mkostemp(template_.data(), O_CLOEXEC);
        if (descriptor >= 0)
            unlink(template_.c_str());
    }
    if (descriptor < 0)
        return fail_errno(
            Code::spill, errno,
            "cannot make the spill file in '%s'; set another directory with ufo_core_config_set_spill_dir",
            folder_.c_str());
    file_ = kernel::File(descriptor);
    opened_.store(true, std::memory_order_release);
    return {};
}

Result<Spill::Offset> Spill::reserve(std::size_t size)
{
    const GuardedLock lock(mutex_);
    if (!file_)
        if (Status status = open(); !status.ok())
            return status;
    return free_.take(whole_pages(size));
}

Result<Spill::Offset> Spill::store(const std::byte *data, std::size_t size) noexcept
{
    try {
        Result<Offset> place = reserve(size);
        if (!place.ok())
            return place;
        held_.fetch_add(size, std::memory_order_relaxed);
        int error = 0;
        if (file_.write_at(*place, data, size, error) != size) {
            release(*place, size);
            return fail_errno(Code::spill, error != 0 ? error : ENOSPC,
                              "the spill file in '%s' cannot take %zu bytes; the changes stay in memory",
                              folder_.c_str(), size);
        }
        pace_.note(file_, size);
        return place;
    } catch (...) {
        return fail(Code::nomem, "no memory for the table of the spill file");
    }
}

Status Spill::load(Offset offset, std::byte *out, std::size_t size) noexcept
{
    int error = 0;
    if (!opened_.load(std::memory_order_acquire) || file_.read_at(offset, out, size, error) != size)
        return fail_errno(Code::spill, error != 0 ? error : EIO,
                          "cannot read %zu bytes back from the spill file in '%s'", size, folder_.c_str());
    return {};
}

void Spill::release(Offset offset, std::size_t size) noexcept
{
    // A file system without holes keeps the space until the place is used again.
    fallocate(file_.descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
              static_cast<off_t>(size));
    held_.fetch_sub(size, std::memory_order_relaxed);
    const GuardedLock lock(mutex_);
    try {
        free_.give(offset, whole_pages(size));
    } catch (...) { // the place is not used again
    }
}

} // namespace ufomem
