// SPDX-License-Identifier: MIT
#include "served.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>

namespace ufomem {

Status ServedBacking::map(void *start) noexcept
{
    if (geometry_.header_bytes() != 0)
        return fail(Code::unsupported, "a region that is served to other processes has no header, as nobody could write to it; make it without ufo_config_set_header");
    const std::size_t size = geometry_.mapped_body_bytes();
    Result<kernel::SharedFile> memory = kernel::SharedFile::make(size);
    if (!memory.ok())
        return memory.status();
    Result<kernel::Mapping> mapping = kernel::map_readable(memory->writable().descriptor(), size, kernel::Sharing::shared, start);
    if (!mapping.ok())
        return mapping.status();
    if (Status status = faults_.watch_absent(mapping->data(), size); !status.ok())
        return status;
    audience_->set_memory(std::move(*memory));
    mapping_ = std::move(*mapping);
    body_ = mapping_.data();
    return {};
}

Result<Staging> ServedBacking::stage(ByteRange pages, Access) noexcept
{
    Result<FrameClass *> frames = frames_.class_of(pages.length);
    if (!frames.ok())
        return frames.status();
    left_.try_again([this](ByteRange left) { return punch(left); });
    Result<Frame> frame = frames_.take(**frames, pages.length);
    if (!frame.ok())
        return frame.status();
    return Staging{frame->data, *frame, pages.length, {}};
}

void ServedBacking::abandon(const Staging &staging) noexcept
{
    frames_.recycle(staging.frame);
    frames_.discharge(staging.extra);
}

/// Writes pages into the file as large ones.  False if they are to be copied in.
bool ServedBacking::write_in(ByteRange pages, const std::byte *data) noexcept
{
    constexpr std::size_t least = 64 * 1024; // below, there are not many pages to be saved
    const std::size_t chunk = geometry_.chunk_bytes();
    const std::size_t unit = std::min(chunk, kernel::PagePipes::block_bytes);
    if (!audience_->memory().has_large_pages() || !pipes_.usable() || unit < least || !std::has_single_bit(chunk) || pages.length % unit != 0)
        return false;
    // The kernel makes no page where there is one already, and large pages lie at multiples of their size: a page at the end of a unit keeps those that come
    // below a unit's size, and where units come in pairs, one at the end of the second lets the first be a page of its own.
    const bool in_pairs = (pages.offset | pages.length) % (2 * unit) == 0;
    const std::size_t step = in_pairs ? 2 * unit : unit;
    const std::size_t page = kernel::page_size();
    for (std::size_t last = step - page; last < pages.length; last += step)
        if (!copy_in({pages.offset + last, page}, data + last).ok())
            return false;
    const kernel::Transfer transfer = pipes_.write(audience_->memory().writable(), pages.offset, data, pages.length);
    // Poison for a thread of this process that could not be served while the chunk was filling would stay.
    return transfer.error == 0 && kernel::drop(at(pages), pages.length).ok();
}

/// Copies pages into the file, by way of this process's own mapping of it.
Status ServedBacking::copy_in(ByteRange pages, const std::byte *data) noexcept
{
    bool cleared = false;
    for (std::size_t done = 0; done < pages.length;) {
        const kernel::Transfer transfer = faults_.copy(at(pages) + done, data + done, pages.length - done, false, Wake::no);
        done += transfer.done;
        if (transfer.error == 0)
            break;
        // Something is there already: poison for a thread that could not be served while the chunk was filling, or what could not be given back.
        if (transfer.error != EEXIST || cleared)
            return fail_errno(transfer.error == ENOMEM || transfer.error == ENOSPC ? Code::nomem : Code::system, transfer.error,
                              "UFFDIO_COPY of %zu bytes; was the region unmapped?", pages.length);
        const ByteRange rest{pages.offset + done, pages.length - done};
        if (Status status = kernel::drop(at(rest), rest.length); !status.ok())
            return status;
        if (Status status = audience_->memory().punch(rest.offset, rest.length); !status.ok())
            return status;
        cleared = true;
    }
    return {};
}

Result<bool> ServedBacking::install(ByteRange pages, const Staging &staging, Access, Wake wake) noexcept
{
    (void)left_.take(pages, [](ByteRange) { return true; }); // in the way, and charged for as what is to come
    const Status status = write_in(pages, staging.data) ? Status{} : copy_in(pages, staging.data);
    if (status.ok()) {
        frames_.recycle(staging.frame);
        if (wake == Wake::yes)
            wake_for(pages);
        return false;
    }
    const Failure failure = Failure::of_this_thread(status);
    give_back(pages);
    frames_.recycle(staging.frame);
    return failure.report();
}

Result<Outgoing> ServedBacking::take_out(ByteRange pages, bool) noexcept
{
    Outgoing outgoing;
    outgoing.pages = pages;
    outgoing.data = at(pages);
    return outgoing;
}

void ServedBacking::finish(std::span<Outgoing> outgoing) noexcept
{
    for (std::size_t i = 0; i < outgoing.size();) {
        ByteRange run = outgoing[i].pages;
        for (++i; i < outgoing.size() && outgoing[i].pages.offset == run.end(); ++i)
            run.length += outgoing[i].pages.length;
        give_back(run);
    }
}

bool ServedBacking::poison(ChunkIndex chunk) noexcept
{
    const bool others = audience_->refuse(geometry_.pages_of(chunk));
    if (faults_.faults() == kernel::Faults::as_signals)
        return false; // a thread here gets its signal from the delivery
    return faults_.poison(at(chunk), size_of(chunk)) && others;
}

/// For this process.  Others mend their own view of it.
Status ServedBacking::mend(ChunkIndex chunk) noexcept { return kernel::drop(at(chunk), size_of(chunk)); }

void ServedBacking::wake_for(ByteRange pages) noexcept
{
    if (faults_.faults() == kernel::Faults::as_messages)
        faults_.wake(at(pages), pages.length);
    audience_->wake(pages);
}

kernel::Mapping ServedBacking::unmap(Addresses addresses) noexcept
{
    const std::size_t size = geometry_.mapped_body_bytes();
    (void)faults_.unwatch_to_unmap(body_, size);
    kernel::Mapping reserved = end_of(mapping_, addresses);
    if (faults_.faults() == kernel::Faults::as_messages)
        faults_.wake(body_, size);
    // Whoever still has it mapped keeps no memory of ours, and has to ask for every page, in vain.
    (void)audience_->memory().punch(0, size);
    (void)audience_->refuse({0, size});
    audience_->wake({0, size});
    return reserved;
}

} // namespace ufomem
