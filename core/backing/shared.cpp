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

Result<Staging> SharedBacking::stage(ChunkIndex chunk, Access) noexcept
{
    if (Status status = frames_.charge(size_of(chunk)); !status.ok())
        return status;
    Staging staging;
    staging.data = alias_of(chunk);
    staging.extra = size_of(chunk);
    return staging;
}

void SharedBacking::abandon(const Staging &staging) noexcept
{
    (void)kernel::punch(staging.data, staging.extra);
    frames_.discharge(staging.extra);
}

Result<bool> SharedBacking::install(ChunkIndex chunk, const Staging &staging, Access access) noexcept
{
    // The alias lets go of the pages, so that they are counted once.
    (void)kernel::drop(staging.data, staging.extra);
    const bool dirty = access == Access::write && !read_only_;
    if (Status status = kernel::protect(at(chunk), size_of(chunk), dirty ? Protection::read_write : Protection::read); !status.ok()) {
        abandon(staging);
        return status;
    }
    return dirty;
}

Result<Outgoing> SharedBacking::take_out(ChunkIndex chunk, bool) noexcept
{
    if (Status status = kernel::protect(at(chunk), size_of(chunk), Protection::none); !status.ok())
        return status;
    (void)kernel::drop(at(chunk), size_of(chunk)); // counted once, if the alias is read now
    Outgoing outgoing;
    outgoing.way = Outgoing::Way::protected_;
    outgoing.chunk = chunk;
    outgoing.data = alias_of(chunk);
    return outgoing;
}

void SharedBacking::finish(std::span<Outgoing> outgoing) noexcept
{
    for (const Outgoing &one : outgoing) {
        if (kernel::punch(alias_of(one.chunk), size_of(one.chunk)).ok())
            frames_.discharge(size_of(one.chunk));
    }
}

bool SharedBacking::put_back(Outgoing &outgoing, Stores stores) noexcept
{
    (void)kernel::drop(alias_of(outgoing.chunk), size_of(outgoing.chunk));
    if (stores == Stores::reported)
        return kernel::protect(at(outgoing.chunk), size_of(outgoing.chunk), Protection::read).ok();
    (void)unprotect(outgoing.chunk);
    return false;
}

Status SharedBacking::unprotect(ChunkIndex chunk) noexcept
{
    return kernel::protect(at(chunk), size_of(chunk), read_only_ ? Protection::read : Protection::read_write);
}

void SharedBacking::unmap() noexcept { memory_ = {}; }

} // namespace ufomem
