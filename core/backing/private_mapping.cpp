// SPDX-License-Identifier: MIT
// The address range of a region of private memory: how it is mapped, protected, poisoned and mended, and how it ends.
#include "private.hpp"

#include "../signal_guard.hpp"

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
    if (poison_replaces_mapping())
        return kernel::map_beyond_end(at(chunk), size_of(chunk)).ok();
    return faults_.poison(at(chunk), size_of(chunk));
}

Status PrivateBacking::mend(ChunkIndex chunk) noexcept
{
    return poison_replaces_mapping() ? renew(at(chunk), size_of(chunk)) : kernel::drop(at(chunk), size_of(chunk));
}

/// A new mapping in place of the old one, without access until its faults are reported: nobody ever reads zeros there.  If it fails half-way the
/// range is not watched, which the next install notices.
Status PrivateBacking::renew(std::byte *data, std::size_t size) noexcept
{
    if (Status status = kernel::map_private_again(data, size); !status.ok())
        return status;
    if (Status status = faults_.watch(data, size); !status.ok())
        return status;
    const Status status = kernel::protect(data, size, protection());
    if (!status.ok())
        (void)faults_.unwatch(data, size);
    return status;
}

kernel::Mapping PrivateBacking::unmap(Addresses addresses) noexcept
{
    kernel::Mapping reserved = end_of(mapping_, addresses);
    faults_.wake(body_, geometry_.mapped_body_bytes()); // who slept in a fault finds nothing mapped, and gets SIGSEGV
    return reserved;
}

} // namespace ufomem
