// SPDX-License-Identifier: MIT
#include "shared.hpp"

namespace ufomem {

using kernel::Protection;

Status SharedBacking::map(void *start) noexcept
{
    Result<kernel::SharedPair> memory = kernel::map_shared_pair(geometry_.mapped_bytes(), start);
    if (!memory.ok())
        return memory.status();
    if (geometry_.header_bytes() != 0)
        if (Status status = kernel::protect(memory->view.data(), geometry_.header_bytes(), Protection::read_write); !status.ok())
            return status;
    memory_ = std::move(*memory);
    body_ = memory_.view.data() + geometry_.header_bytes();
    alias_ = memory_.alias.data() + geometry_.header_bytes();
    return {};
}

Result<Staging> SharedBacking::stage(ByteRange pages, Access) noexcept
{
    left_.try_again([this](ByteRange left) { return punch(left); });
    if (Status status = frames_.charge(pages.length); !status.ok())
        return status;
    (void)left_.take(pages, [](ByteRange) { return true; }); // they are the staging now
    Staging staging;
    staging.data = alias_of(pages);
    staging.extra = pages.length;
    return staging;
}

void SharedBacking::abandon(const Staging &staging) noexcept
{
    give_back({static_cast<std::size_t>(staging.data - alias_), staging.extra});
}

Result<bool> SharedBacking::install(ByteRange pages, const Staging &staging, Access access, Wake) noexcept
{
    // The alias lets go of the pages, so that they are counted once.
    (void)kernel::drop(staging.data, staging.extra);
    const bool dirty = access == Access::write && !read_only_;
    if (Status status = kernel::protect(at(pages), pages.length, dirty ? Protection::read_write : Protection::read); !status.ok()) {
        const Failure failure = Failure::of_this_thread(status);
        if (kernel::protect_mapped(at(pages), pages.length, Protection::none))
            abandon(staging);
        else // a page that somebody can read must go on showing what it holds
            left_.keep(pages.length);
        return failure.report();
    }
    return dirty;
}

Result<Outgoing> SharedBacking::take_out(ByteRange pages, bool) noexcept
{
    if (Status status = kernel::protect(at(pages), pages.length, Protection::none); !status.ok()) {
        out_of_reach_.store(true); // it stays, and a part of it may have been reached
        return status;
    }
    (void)kernel::drop(at(pages), pages.length); // counted once, if the alias is read now
    Outgoing outgoing;
    outgoing.way = Outgoing::Way::protected_;
    outgoing.pages = pages;
    outgoing.data = alias_of(pages);
    return outgoing;
}

void SharedBacking::finish(std::span<Outgoing> outgoing) noexcept
{
    for (const Outgoing &one : outgoing)
        give_back(one.pages);
}

bool SharedBacking::put_back(Outgoing &outgoing, Stores stores) noexcept
{
    (void)kernel::drop(alias_of(outgoing.pages), outgoing.pages.length);
    const Protection wanted = stores == Stores::reported ? Protection::read : protection();
    const bool reachable = kernel::protect(at(outgoing.pages), outgoing.pages.length, wanted).ok();
    if (!reachable) // the process has as many mappings as it may
        out_of_reach_.store(true);
    return reachable && stores == Stores::reported;
}

Status SharedBacking::make_reachable(ChunkIndex chunk, bool dirty) noexcept
{
    return kernel::protect(at(chunk), size_of(chunk), dirty ? protection() : Protection::read);
}

Status SharedBacking::unprotect(ChunkIndex chunk) noexcept
{
    const Status status = kernel::protect(at(chunk), size_of(chunk), protection());
    if (status.ok())
        return {};
    const Failure failure = Failure::of_this_thread(status);
    // Stores to a part that stays writable would not be noticed: the chunk has to count as changed then.
    return kernel::protect_mapped(at(chunk), size_of(chunk), Protection::read) ? failure.report() : Status{};
}

kernel::Mapping SharedBacking::unmap(Addresses addresses) noexcept
{
    memory_.alias.reset();
    return end_of(memory_.view, addresses);
}

} // namespace ufomem
