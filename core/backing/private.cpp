// SPDX-License-Identifier: MIT
#include "private.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace ufomem {

using kernel::Transfer;

namespace {

bool is_huge(std::size_t bytes) { return bytes % kernel::huge_page_size == 0; }

Status discarded() noexcept
{
    return fail(Code::lost, "changed pages of the region were discarded by the program (madvise or munmap on lazy memory); call ufo_reset on them");
}

/// Of memory that others may have stored to until it was protected: ThreadSanitizer does not see that they cannot any more.
#if defined(__SANITIZE_THREAD__)
__attribute__((no_sanitize("thread"))) bool same(const std::byte *left, const std::byte *right, std::size_t size)
{
    std::size_t equal = 0;
    while (equal < size && left[equal] == right[equal])
        ++equal;
    return equal == size;
}
#else
bool same(const std::byte *left, const std::byte *right, std::size_t size) { return std::memcmp(left, right, size) == 0; }
#endif

} // namespace

PrivateBacking::PrivateBacking(const Geometry &geometry, Frames &frames, const kernel::Userfaultfd &faults, const kernel::Pagemap &pagemap, bool read_only)
    : Backing(geometry, frames), faults_(faults), pagemap_(pagemap), policy_(InstallPolicy::choose(faults.features(), read_only, most_bytes())), taken_(frames.heap()), unwatched_(frames.heap())
{
}

InstallPolicy PrivateBacking::policy() const noexcept
{
    InstallPolicy policy = policy_;
    if (stores_refused_.load(std::memory_order_acquire))
        policy.can_move = policy.can_move_out = false; // moves want a writable mapping
    return policy;
}

FrameClass &PrivateBacking::frames_for(std::size_t bytes) const
{
    for (FrameClass *frames : {frame_class_, extent_class_})
        if (frames && frames->frame_bytes() == bytes)
            return *frames;
    return *tail_class_;
}

std::size_t PrivateBacking::extra_for(std::size_t bytes, Access access) const
{
    // A copy takes pages of its own beside the frame that it is copied from.
    return policy().plan(access, bytes).install == Install::copy ? bytes : 0;
}

Result<Staging> PrivateBacking::stage(ByteRange pages, Access access) noexcept
{
    // Without a new mapping, which would be noticed by who sleeps or loads there: that is for who fills these pages.
    left_.try_again([this](ByteRange left) { return !taken(left) && kernel::drop(at(left), left.length).ok(); });
    const std::size_t extra = extra_for(pages.length, access);
    FrameClass &frames = frames_for(pages.length);
    if (policy().plan(access, pages.length).compare) {
        std::array<Frame, 2> both;
        if (Status status = frames_.take(frames, 0, both); !status.ok())
            return status;
        return Staging{both[0].data, both[0], 0, both[1]};
    }
    Result<Frame> frame = frames_.take(frames, extra);
    if (!frame.ok())
        return frame.status();
    // Moves live on frames of chunks that left.  As long as none do, and there is room for both, one frame is copied from again and again.
    const bool scarce = frames.recycled() + frames.parked() == 0;
    if (extra == 0 && scarce && pages.length < InstallPolicy::least_fresh_move_bytes && frames_.charge_now(pages.length))
        return Staging{frame->data, *frame, pages.length, {}};
    return Staging{frame->data, *frame, extra, {}};
}

Result<Staging> PrivateBacking::rescue(ChunkWord parked, const std::atomic<ChunkWord::Bits> &word, ChunkIndex chunk, Access access) noexcept
{
    const Frame frame = frames_for(size_of(chunk)).rescue(parked.frame(), word);
    if (!frame)
        return Staging{};
    const std::size_t extra = extra_for(size_of(chunk), access);
    if (extra != 0)
        if (Status status = frames_.charge(extra); !status.ok()) {
            frames_.recycle(frame);
            return status;
        }
    return Staging{frame.data, frame, extra, {}};
}

void PrivateBacking::abandon(const Staging &staging) noexcept
{
    if (staging.moving)
        frames_.recycle(staging.moving);
    frames_.recycle(staging.frame);
    frames_.discharge(staging.extra);
}

/// From byte `done` on, which is moved on to where it has come.
Status PrivateBacking::copy_in(ByteRange pages, const std::byte *data, std::size_t &done, bool protect, Wake wake) noexcept
{
    for (bool renewed = false;;) {
        const Transfer transfer = faults_.copy(at(pages) + done, data + done, pages.length - done, protect, wake);
        done += transfer.done;
        if (transfer.error == 0)
            return {};
        // No mapping of ours: it was to be replaced, and could not be in full.
        if (transfer.error == ENOENT && !renewed && unwatched_.any()) {
            renewed = true;
            if (Status status = renew(at(pages) + done, pages.length - done); !status.ok())
                return status;
            continue;
        }
        // A page is there already: poison for a thread that could not be served while the chunk was filling.
        if (transfer.error != EEXIST)
            return fail_errno(transfer.error == ENOMEM ? Code::nomem : Code::system, transfer.error, "UFFDIO_COPY of %zu bytes; was the region unmapped?",
                              pages.length);
        if (!empty(at(pages) + done, kernel::page_size()))
            return fail(Code::system, "a page that is in the way at %p cannot be dropped", static_cast<void *>(at(pages) + done));
    }
}

Result<bool> PrivateBacking::install(ByteRange pages, const Staging &staging, Access access, Wake wake) noexcept
{
    if (taken(pages)) {
        abandon(staging);
        return taken_away();
    }
    if (!left_.take(pages, [this](ByteRange left) { return empty(at(left), left.length); })) {
        abandon(staging);
        return fail(Code::system, "pages that are in the way at %p cannot be dropped", static_cast<void *>(at(pages)));
    }
    if (staging.moving)
        return install_compared(pages, staging, wake);
    const InstallPlan plan = policy().plan(access, pages.length);
    const bool moves = plan.install == Install::move && staging.extra == 0;
    const std::size_t size = pages.length;
    std::size_t done = 0;
    if (moves)
        make_way_for_huge_page(pages);
    while (moves && done < size) {
        const Transfer transfer = faults_.move(at(pages) + done, staging.data + done, size - done);
        done += transfer.done;
        if (transfer.error == EEXIST && empty(at(pages) + done, kernel::page_size()))
            continue; // as in copy_in()
        if (transfer.error != 0)
            break; // EBUSY: a page is pinned for I/O; EINVAL: stores have just been refused, or one end is locked in memory
    }
    if (done < size) {
        // What a move left over takes pages of its own now.
        Status status;
        std::size_t extra = staging.extra;
        if (extra < size - done) {
            status = frames_.charge(size - done - extra);
            extra = status.ok() ? size - done : extra;
        }
        const std::size_t moved = done;
        // Whoever wakes early must find nothing that a failure takes away again: his store would be lost.
        const Wake early = plan.protect || size == kernel::page_size() ? wake : Wake::no;
        if (status.ok())
            status = copy_in(pages, staging.data, done, plan.protect, early);
        if (!status.ok()) {
            // And nothing behind it, where memory of the program may be of which nobody has told yet.
            const std::size_t stays = take_back({pages.offset, done});
            (void)kernel::drop(staging.data, size);
            frames_.vacate(staging.frame);
            frames_.discharge(size + extra - stays);
            return status;
        }
        if (moved == 0) {
            frames_.recycle(staging.frame);
        } else { // part of the frame went in, the rest is given back
            (void)kernel::drop(staging.data, size);
            frames_.vacate(staging.frame);
            frames_.discharge(size - moved);
        }
        if (wake == Wake::yes && (moved != 0 || early == Wake::no))
            wake_for(pages);
        return plan.dirty;
    }
    frames_.vacate(staging.frame);
    frames_.discharge(staging.extra);
    if (plan.protect)
        if (Status status = faults_.write_protect(at(pages), size, true); !status.ok()) {
            const std::size_t stays = take_back(pages);
            frames_.discharge(size - stays);
            return status;
        }
    if (wake == Wake::yes)
        wake_for(pages);
    return plan.dirty;
}

/// Of a chunk that cannot come in, what has come in already.  How much of it is in memory still, and charged.
std::size_t PrivateBacking::take_back(ByteRange pages) noexcept
{
    if (pages.length == 0 || empty(at(pages), pages.length))
        return 0;
    left_.add(pages);
    return pages.length;
}

/// A copy of the frame moves in.  Who stores to it before it is protected has changed it, and that is seen by comparing.
Result<bool> PrivateBacking::install_compared(ByteRange pages, const Staging &staging, Wake wake) noexcept
{
    const std::size_t size = pages.length;
    std::memcpy(staging.moving.data, staging.data, size);
    const Staging copy{staging.moving.data, staging.moving, 0, {}};
    Result<bool> dirty = install(pages, copy, Access::write, Wake::no);
    if (dirty.ok() && faults_.write_protect(at(pages), size, true).ok()) {
        dirty = !same(at(pages), staging.data, size);
        if (*dirty)
            (void)faults_.write_protect(at(pages), size, false);
    }
    frames_.recycle(staging.frame);
    if (dirty.ok() && wake == Wake::yes)
        wake_for(pages);
    return dirty;
}

/// A huge page moves whole only to where no page table for small ones hangs.  Chunks that come alone leave such a table behind, and a frame that had to be moved piece by
/// piece does so wherever it comes, so that in the end all frames of the pool are in pieces.  Linux 6.14 and later frees the table of what is dropped whole.
void PrivateBacking::make_way_for_huge_page(ByteRange pages) noexcept
{
    // The kernel knows better than we do whether something else has been mapped there meanwhile: that is not watched.
    if (is_huge(pages.length) && faults_.write_protect(at(pages), pages.length, true).ok())
        (void)kernel::drop(at(pages), pages.length);
}

Result<Outgoing> PrivateBacking::move_out(ByteRange pages, bool dirty) noexcept
{
    const std::size_t size = pages.length;
    Result<Frame> frame = frames_for(pages.length).take_empty();
    if (!frame.ok())
        return frame.status();
    if (is_huge(size))
        (void)kernel::drop(frame->data, size);
    const Transfer out = faults_.move(frame->data, at(pages), size);
    if (out.error == 0) {
        Outgoing outgoing;
        outgoing.way = Outgoing::Way::moved;
        outgoing.pages = pages;
        outgoing.data = frame->data;
        outgoing.frame = *frame;
        return outgoing;
    }
    if (dirty || policy_.read_only) {
        Outgoing part;
        part.pages = pages;
        part.frame = *frame;
        move_back(part, out.done); // nobody else has touched it
    } else { // a moved page arrives writable, and stores to what counts as unchanged would be lost
        bring_back({pages.offset, out.done}, frame->data, Back::by_protected_copy);
        frames_.vacate(*frame);
    }
    if (out.error == ENOENT)
        return discarded();
    return fail_errno(out.error == EBUSY ? Code::pinned : Code::system, out.error, "UFFDIO_MOVE of %zu bytes out of the region", size);
}

/// What was taken out has no other place than its own: it goes back however long it takes until the kernel has memory for that.
void PrivateBacking::bring_back(ByteRange pages, std::byte *content, Back way) noexcept
{
    constexpr timespec moment{0, 1'000'000};
    const std::size_t page = kernel::page_size();
    std::byte *const place = at(pages);
    std::size_t done = 0;
    while (done < pages.length) {
        if (way == Back::by_move)
            done += faults_.move(place + done, content + done, pages.length - done).done;
        if (done == pages.length || taken(pages)) // or it is somebody else's place now
            break;
        if (!pagemap_.are_present(content + done, page)) { // the program has discarded it, and never reads zeros instead
            done += page;
            continue;
        }
        // The region has turned to refusing stores, or one end is locked in memory now.  Page by page: a copy of everything would not fit the budget.
        const int error = faults_.copy(place + done, content + done, page, way == Back::by_protected_copy, Wake::no).error;
        if (error == 0) {
            (void)kernel::drop(content + done, page);
            done += page;
        } else if (error == ENOMEM) {
            nanosleep(&moment, nullptr);
        } else if (error != EEXIST || !empty(place + done, page)) { // poison, as in copy_in()
            break;
        }
    }
    if (done < pages.length)
        (void)kernel::drop(content + done, pages.length - done); // whoever asks for it hears that it is lost
}

/// The first `size` bytes of a frame go back to their chunk, and stores to it are allowed, or refused, as in the whole region.
void PrivateBacking::move_back(const Outgoing &outgoing, std::size_t size) noexcept
{
    bring_back({outgoing.pages.offset, size}, outgoing.frame.data, Back::by_move);
    if (policy_.read_only)
        (void)faults_.write_protect(at(outgoing.pages), size, true);
    frames_.vacate(outgoing.frame);
}

Result<Outgoing> PrivateBacking::take_out(ByteRange pages, bool dirty) noexcept
{
    Outgoing outgoing;
    outgoing.pages = pages;
    outgoing.data = at(pages);
    if (taken(pages))
        return dirty ? Result<Outgoing>(taken_away()) : Result<Outgoing>(std::move(outgoing));
    if (policy().leaves_by_move(dirty, pages.length)) {
        Result<Outgoing> moved = move_out(pages, dirty);
        // The kernel writes to pinned pages whatever their protection, and what is lost is lost: no other way helps.  Otherwise one may: a
        // read-only region has turned to refusing stores, or the program has locked its memory.
        if (moved.ok() || moved.status().code == Code::pinned || (dirty && moved.status().code == Code::lost))
            return moved;
    }
    if (!dirty)
        return outgoing;
    if (policy_.can_protect) {
        if (Status status = faults_.write_protect(at(pages), pages.length, true); !status.ok())
            return status;
        if (!pagemap_.are_present(at(pages), pages.length))
            return discarded();
        outgoing.way = Outgoing::Way::protected_;
        return outgoing;
    }
    if (!pagemap_.are_present(at(pages), pages.length))
        return discarded();
    Result<kernel::Mapping> detached = kernel::detach_pages(at(pages), pages.length);
    if (!detached.ok())
        return detached.status();
    outgoing.way = Outgoing::Way::detached;
    outgoing.data = detached->data();
    outgoing.detached = std::move(*detached);
    return outgoing;
}

Status PrivateBacking::take_content(ByteRange pages, std::byte *out) noexcept
{
    if (taken(pages))
        return taken_away();
    Result<Outgoing> moved = move_out(pages, false);
    if (!moved.ok())
        return moved.status();
    std::memcpy(out, moved->data, pages.length);
    frames_.recycle(moved->frame);
    return {};
}

bool PrivateBacking::can_park(const Outgoing &outgoing) const
{
    return outgoing.way == Outgoing::Way::moved && outgoing.frame.slot < ChunkWord::most_frames;
}

void PrivateBacking::finish(std::span<Outgoing> outgoing) noexcept
{
    for (Outgoing &one : outgoing) {
        switch (one.way) {
        case Outgoing::Way::moved:
            frames_.recycle(one.frame);
            break;
        case Outgoing::Way::detached:
            one.detached.reset();
            frames_.discharge(one.pages.length);
            break;
        case Outgoing::Way::dropped:
        case Outgoing::Way::protected_:
            break;
        }
    }
    drop(outgoing);
}

/// Gives the pages of those that are still at their place back to the kernel; neighbours in one range, ranges in one call.
void PrivateBacking::drop(std::span<Outgoing> outgoing) noexcept
{
    constexpr std::size_t most = 64;
    iovec ranges[most];
    std::size_t count = 0;
    std::size_t bytes = 0;
    const auto flush = [&] {
        const bool together = count > 1 && faults_.features().has(feature_batched_drop) && kernel::drop_scattered({ranges, count});
        for (std::size_t i = 0; i < count && !together; ++i) {
            auto *const data = static_cast<std::byte *>(ranges[i].iov_base);
            if (empty(data, ranges[i].iov_len))
                continue;
            bytes -= ranges[i].iov_len; // still in memory, and in the way of the next install
            left_.add({static_cast<std::size_t>(data - body_), ranges[i].iov_len});
        }
        if (bytes != 0)
            frames_.discharge(bytes);
        count = bytes = 0;
    };
    for (const Outgoing &one : outgoing) {
        if (one.way != Outgoing::Way::dropped && one.way != Outgoing::Way::protected_)
            continue;
        std::byte *const start = at(one.pages);
        const std::size_t size = one.pages.length;
        if (taken(one.pages)) {
            frames_.discharge(size);
            continue;
        }
        if (count != 0 && static_cast<std::byte *>(ranges[count - 1].iov_base) + ranges[count - 1].iov_len == start) {
            ranges[count - 1].iov_len += size;
        } else {
            if (count == most)
                flush();
            ranges[count++] = {start, size};
        }
        bytes += size;
    }
    flush();
}

bool PrivateBacking::put_back(Outgoing &outgoing, Stores stores) noexcept
{
    if (stores == Stores::reported && put_back_protected(outgoing))
        return true;
    switch (outgoing.way) {
    case Outgoing::Way::moved:
        move_back(outgoing, outgoing.pages.length);
        break;
    case Outgoing::Way::protected_:
        (void)faults_.write_protect(at(outgoing.pages), outgoing.pages.length, false);
        break;
    case Outgoing::Way::detached:
        // To map them back would hide the region from userfaultfd for a moment.
        bring_back(outgoing.pages, outgoing.detached.data(), Back::by_copy);
        outgoing.detached.reset();
        break;
    case Outgoing::Way::dropped:
        break;
    }
    return false;
}

/// A moved page arrives writable, and a store that comes before it is protected would be lost: only a copy can be protected from birth.
bool PrivateBacking::put_back_protected(Outgoing &outgoing) noexcept
{
    if (outgoing.way == Outgoing::Way::protected_)
        return true;
    const std::size_t size = outgoing.pages.length;
    if (outgoing.way != Outgoing::Way::moved || !frames_.charge_now(size))
        return false;
    std::size_t done = 0;
    if (copy_in(outgoing.pages, outgoing.data, done, true, Wake::no).ok()) {
        frames_.recycle(outgoing.frame);
        return true;
    }
    if (done != 0)
        (void)empty(at(outgoing.pages), done);
    frames_.discharge(size);
    return false;
}

Status PrivateBacking::unprotect(ChunkIndex chunk) noexcept
{
    return taken(geometry_.pages_of(chunk)) ? taken_away() : faults_.write_protect(at(chunk), size_of(chunk), false);
}

Status PrivateBacking::restore(ChunkIndex chunk, const Staging &staging) noexcept
{
    if (taken(geometry_.pages_of(chunk)))
        return taken_away();
    const std::size_t page = kernel::page_size();
    for (std::size_t done = 0; done < size_of(chunk); done += page) {
        const Transfer transfer = faults_.copy(at(chunk) + done, staging.data + done, page, policy_.can_protect, Wake::no);
        if (transfer.error != 0 && transfer.error != EEXIST)
            return fail_errno(Code::system, transfer.error, "UFFDIO_COPY of a page");
    }
    return {};
}

void PrivateBacking::wake_for(ByteRange pages) noexcept
{
    if (faults_.faults() == kernel::Faults::as_messages) // a signal leaves nobody asleep
        faults_.wake(at(pages), pages.length);
}

} // namespace ufomem
