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
    if (Status status = frames_.charge(pages.length); !status.ok())
        return status;
    Staging staging;
    staging.data = alias_of(pages);
    staging.extra = pages.length;
    return staging;
}

void SharedBacking::abandon(const Staging &staging) noexcept
{
    (void)kernel::punch(staging.data, staging.extra);
    frames_.discharge(staging.extra);
}

Result<bool> SharedBacking::install(ByteRange pages, const Staging &staging, Access access, Wake) noexcept
{
    // The alias lets go of the pages, so that they are counted once.
    (void)kernel::drop(staging.data, staging.extra);
    const bool dirty = access == Access::write && !read_only_;
    if (Status status = kernel::protect(at(pages), pages.length, dirty ? Protection::read_write : Protection::read); !status.ok()) {
        abandon(staging);
        return status;
    }
    return dirty;
}

Result<Outgoing> SharedBacking::take_out(ByteRange pages, bool) noexcept
{
    if (Status status = kernel::protect(at(pages), pages.length, Protection::none); !status.ok())
        return status;
    (void)kernel::drop(at(pages), pages.length); // counted once, if the alias is read now
    Outgoing outgoing;
    outgoing.way = Outgoing::Way::protected_;
    outgoing.pages = pages;
    outgoing.data = alias_of(pages);
    return outgoing;
}

void SharedBacking::finish(std::span<Outgoing> outgoing) noexcept
{
    for (const Outgoing &one : outgoing) {
        if (kernel::punch(alias_of(one.pages), one.pages.length).ok())
            frames_.discharge(one.pages.length);
    }
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
    return kernel::protect(at(chunk), size_of(chunk), protection());
}

kernel::Mapping SharedBacking::unmap(Addresses addresses) noexcept
{
    memory_.alias.reset();
    return end_of(memory_.view, addresses);
}

} // namespace ufomem
