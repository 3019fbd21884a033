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
    file_.open(kernel::File(descriptor));
    in_memory_ = file_.buffered().is_in_memory();
    if (file_.limited() && !in_memory_)
        file_.open_unbuffered(kernel::DescriptorPath(file_.buffered()).c_str(), O_RDWR);
    // Neighbours in this file need not be neighbours in a region, and what is wanted ahead is asked for.
    (void)posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM);
    opened_.store(true, std::memory_order_release);
    return {};
}

Result<Spill::Offset> Spill::reserve(std::size_t size)
{
    const GuardedLock lock(mutex_);
    if (!file_)
        if (Status status = open(); !status.ok())
            return status;
    const std::size_t pages = whole_pages(size);
    const std::optional<Offset> vacant = vacant_.take_hole(pages);
    return vacant ? *vacant : free_.take(pages);
}

Result<Spill::Offset> Spill::store(const std::byte *data, std::size_t size) noexcept
{
    try {
        for (bool last = false;; last = true) {
            Result<Offset> place = reserve(size);
            if (!place.ok())
                return place;
            held_.fetch_add(size, std::memory_order_relaxed);
            int error = 0;
            if (file_.write_at(*place, data, size, error) == size)
                return place;
            release(*place, size);
            error = error != 0 ? error : ENOSPC;
            // There may be room where nothing as large as this was vacant.
            if (last || (error != ENOSPC && error != EDQUOT) || !give_back(0))
                return fail_errno(Code::spill, error, "the spill file in '%s' cannot take %zu bytes; the changes stay in memory", folder_.c_str(), size);
            while (give_back(0)) {
            }
        }
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
    held_.fetch_sub(size, std::memory_order_relaxed);
    const std::size_t pages = whole_pages(size);
    if (in_memory_) {
        punch(offset, pages);
        give(free_, offset, pages);
        return;
    }
    if (!give(vacant_, offset, pages))
        punch(offset, pages);
}

bool Spill::trim() noexcept
{
    constexpr std::uint64_t little = 16 * 1024 * 1024; // what is stored next will probably take it, and a part of what is held
    return give_back(std::max(little, held_bytes() / 8));
}

/// A piece of what is vacant beyond so many bytes.
bool Spill::give_back(std::uint64_t beyond) noexcept
{
    const std::optional<FreeRanges::Range> range = take_vacant(beyond);
    if (!range)
        return false;
    punch(range->offset, range->size); // it belongs to nobody meanwhile
    give(free_, range->offset, range->size);
    return true;
}

std::optional<FreeRanges::Range> Spill::take_vacant(std::uint64_t beyond) noexcept
{
    constexpr std::size_t large = 64 * 1024 * 1024; // whoever wants to write waits for no more
    const GuardedLock lock(mutex_);
    if (vacant_.bytes() <= beyond)
        return std::nullopt;
    if (const std::optional<Offset> part = vacant_.take_hole(large))
        return FreeRanges::Range{*part, large};
    return vacant_.take_largest();
}

void Spill::punch(Offset offset, std::size_t size) noexcept
{
    // A file system without holes keeps the space until the place is used again.
    fallocate(file_.buffered().descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(size));
}

/// False without memory for the tables: the place is not used again.
bool Spill::give(FreeRanges &ranges, Offset offset, std::size_t size) noexcept
{
    const GuardedLock lock(mutex_);
    try {
        ranges.give(offset, size);
        return true;
    } catch (...) {
        return false;
    }
}

} // namespace ufomem
