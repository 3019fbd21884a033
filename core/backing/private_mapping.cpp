// SPDX-License-Identifier: MIT
// The address range of a region of private memory: how it is mapped, protected, poisoned and mended, and how it ends.
#include "private.hpp"

#include "../signal_guard.hpp"

#include <algorithm>

namespace ufomem {

using kernel::Protection;

Status PrivateBacking::map(void *start) noexcept
{
    Result<FrameClass *> frames = frames_.class_of(geometry_.chunk_bytes());
    if (!frames.ok())
        return frames.status();
    frame_class_ = *frames;
    Result<FrameClass *> tail = frames_.class_of(geometry_.pages_of(ChunkIndex{geometry_.chunk_count() - 1}).length);
    if (!tail.ok())
        return tail.status();
    tail_class_ = *tail;

    const bool extents = geometry_.has_extents();
    if (extents) {
        Result<FrameClass *> large = frames_.class_of(most_bytes());
        if (!large.ok())
            return large.status();
        extent_class_ = *large;
    }
    const bool large = extents || (geometry_.chunk_bytes() % kernel::huge_page_size == 0 && geometry_.chunk_count() > 1);
    Result<kernel::Mapping> mapping = large && !start ? kernel::map_private_aligned(geometry_.mapped_bytes(), Protection::read_write, geometry_.header_bytes())
                                                        : kernel::map_private(geometry_.mapped_bytes(), Protection::read_write, start);
    if (!mapping.ok())
        return mapping.status();
    std::byte *const body = mapping->data() + geometry_.header_bytes();
    if (!policy_.maps_writable())
        if (Status status = kernel::protect(body, geometry_.mapped_body_bytes(), Protection::read); !status.ok())
            return status;
    // A huge page moves whole only where there is no table for small ones, and a fault leaves one behind where huge pages are not wanted.
    if (large && policy_.can_move)
        kernel::prefer_huge_pages(body, geometry_.mapped_body_bytes());
    if (Status status = faults_.watch(body, geometry_.mapped_body_bytes()); !status.ok())
        return status;
    mapping_ = std::move(*mapping);
    body_ = body;
    return {};
}

Protection PrivateBacking::protection() const { return policy().maps_writable() ? Protection::read_write : Protection::read; }

bool PrivateBacking::refuse_stores() noexcept
{
    // From now on the kernel refuses them itself.  Readers notice nothing, and the region goes on with copies.
    const GuardedLock lock(refusing_);
    if (!policy_.read_only || !policy_.maps_writable() || stores_refused_.load())
        return false;
    if (!kernel::protect(body_, geometry_.mapped_body_bytes(), Protection::read).ok())
        return false;
    stores_refused_.store(true, std::memory_order_release);
    return true;
}

bool PrivateBacking::poison(ChunkIndex chunk) noexcept
{
    if (faults_.faults() == kernel::Faults::as_signals)
        return false; // whoever asks for what is not there gets a signal anyway
    const auto poison_part = [this](std::byte *data, std::size_t size) {
        return poison_replaces_mapping() ? kernel::map_beyond_end(data, size).ok() : faults_.poison(data, size);
    };
    if (!taken(geometry_.pages_of(chunk)))
        return poison_part(at(chunk), size_of(chunk));
    bool some = false, all = true;
    taken_.for_each_other(at(chunk), size_of(chunk), [&](std::byte *data, std::size_t size) {
        some = true;
        all &= poison_part(data, size);
    });
    return some && all;
}

Status PrivateBacking::mend(ChunkIndex chunk) noexcept
{
    if (taken(geometry_.pages_of(chunk)))
        return taken_away();
    if (!is_half_mapped(chunk) && !poison_replaces_mapping() && kernel::drop(at(chunk), size_of(chunk)).ok())
        return {};
    return renew(at(chunk), size_of(chunk)); // locked memory on an old kernel, or a hole
}

/// A new mapping in place of the old one, without access until its faults are reported: nobody ever reads zeros there.  If it fails half-way the
/// range is not watched, which the next install notices.
Status PrivateBacking::renew(std::byte *data, std::size_t size) noexcept
{
    const GuardedLock lock(mapping_again_);
    // A message about its end would have it taken for unmapped by the program.
    if (!faults_.unwatch_to_unmap(data, size)) {
        if (faults_.watch(data, size).ok()) // a part may not have been: what is not watched shows zeros
            (void)kernel::protect_mapped(data, size, protection());
        else
            unwatched_.add(data, size, WithoutMemory::nothing);
        return fail(Code::limit, "cannot map a chunk again; raise vm.max_map_count");
    }
    const Status mapped = kernel::map_private_again(data, size);
    const Failure failure = Failure::of_this_thread(mapped);
    unwatched_.add(data, size, WithoutMemory::nothing); // who installs meanwhile notices
    if (Status status = faults_.watch(data, size); !status.ok())
        return status;
    unwatched_.remove(data, size);
    const Status status = kernel::protect(data, size, protection());
    if (!status.ok())
        close_again(data, size);
    return mapped.ok() ? status : failure.report();
}

/// Neither open to loads nor watched: what is mapped could not be made ready in full.  The next install notices; and it is not to be taken for somebody else's.
void PrivateBacking::close_again(std::byte *data, std::size_t size) noexcept
{
    if (kernel::protect_mapped(data, size, Protection::none))
        (void)faults_.unwatch(data, size);
    unwatched_.add(data, size, WithoutMemory::nothing);
}

bool PrivateBacking::reclaim(std::byte *data, std::size_t size) noexcept
{
    const GuardedLock lock(mapping_again_);
    std::byte *const end = data + size;
    bool all = true;
    if (data < body_) { // the program's own header is gone; its place is kept
        const auto header = static_cast<std::size_t>(std::min(end, body_) - data);
        Result<kernel::Mapping> place = kernel::map_private(header, Protection::none, data);
        all = place.ok();
        if (all)
            place->release();
        else
            take_away(data, header);
        data += header;
    }
    if (data == end)
        return all;
    constexpr std::size_t most_pieces = 1024;
    const std::size_t smallest = std::max(geometry_.chunk_bytes(), static_cast<std::size_t>(end - data) / most_pieces);
    all &= reclaim_body(data, static_cast<std::size_t>(end - data), smallest);
    faults_.wake(data, static_cast<std::size_t>(end - data)); // who slept in a fault there asks again
    return all;
}

/// Holes become absent pages.  What begins and ends with something that is not watched is not ours any more.  The program
/// may go on meanwhile, and parts may have been reclaimed since the message was written.
bool PrivateBacking::reclaim_body(std::byte *data, std::size_t size, std::size_t smallest) noexcept
{
    using Place = kernel::Userfaultfd::Place;
    constexpr unsigned most_attempts = 100;
    const std::size_t page = kernel::page_size();
    for (unsigned attempt = 0; attempt < most_attempts; ++attempt) {
        Result<kernel::Mapping> mapping = kernel::map_private(size, Protection::none, data);
        if (mapping.ok()) {
            mapping->release();
            if (extent_class_ && policy_.can_move)
                kernel::prefer_huge_pages(data, size);
            if (faults_.watch(data, size).ok() && kernel::protect(data, size, protection()).ok()) {
                unwatched_.remove(data, size);
                return true;
            }
            if (!kernel::is_mapped(data, size)) // unmapped again meanwhile, of which nobody tells: it was not watched yet
                continue;
            close_again(data, size);
            return true;
        }
        if (mapping.status().code != Code::address) // the same, or there is no memory for a mapping
            continue;
        const Place first = faults_.place(data);
        const Place last = faults_.place(data + size - page);
        const bool some_ours = unwatched_.meets(data, size);
        if (first == Place::occupied && last == Place::occupied && !some_ours)
            break;
        if (size > page && (first != last || size > smallest || some_ours || !kernel::is_mapped(data, size))) {
            const std::size_t half = round_up(size / 2, page);
            const bool all = reclaim_body(data, half, smallest);
            return reclaim_body(data + half, size - half, smallest) && all;
        }
        if (first == Place::watched || some_ours)
            return true;
    }
    take_away(data, size);
    return false;
}

void PrivateBacking::take_away(std::byte *data, std::size_t size) noexcept
{
    taken_.add(data, size, WithoutMemory::too_much);
    out_of_reach_.store(true); // who wants a resident chunk asks make_reachable()
}

Status PrivateBacking::make_reachable(ChunkIndex chunk, bool /*dirty*/) noexcept { return taken(geometry_.pages_of(chunk)) ? taken_away() : Status{}; }

Status PrivateBacking::taken_away() noexcept
{
    return fail(Code::lost, "the program has mapped something else in the place of these elements, which cannot be had any more; never unmap or replace lazy memory");
}

kernel::Mapping PrivateBacking::unmap(Addresses addresses) noexcept
{
    kernel::Mapping reserved;
    if (!taken_.any()) {
        (void)faults_.unwatch_to_unmap(body_, geometry_.mapped_body_bytes());
        reserved = end_of(mapping_, addresses);
    } else {
        taken_.for_each_other(mapping_.data(), mapping_.size(), [this](std::byte *data, std::size_t size) {
            (void)faults_.unwatch_to_unmap(data, size);
            kernel::Mapping(data, size).reset();
        });
        mapping_.release();
    }
    faults_.wake(body_, geometry_.mapped_body_bytes()); // who slept in a fault finds nothing mapped, and gets SIGSEGV
    return reserved;
}

} // namespace ufomem
