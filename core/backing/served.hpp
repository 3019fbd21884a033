// SPDX-License-Identifier: MIT
// Memory that other processes see, too, and nobody can store to: pages of a shared file.  What is there is mapped by the kernel, here and elsewhere,
// without a word; what is absent is asked for through the userfaultfd of whoever wants it.
//
// A chunk is loaded into a frame that nobody sees, and copied into the file from there: a page gets into the file when it is whole.  Userfaultfd makes
// small pages.  Larger ones are allocated, copied, mapped and given back as one each; none of them reaches beyond its chunk, which leaves alone.
#pragma once

#include "../kernel/page_pipes.hpp"
#include "../kernel/userfaultfd.hpp"
#include "audience.hpp"
#include "backing.hpp"

#include <memory>

namespace ufomem {

class ServedBacking final : public Backing {
  public:
    ServedBacking(const Geometry &geometry, Frames &frames, const kernel::Userfaultfd &faults, kernel::PagePipes &pipes, std::shared_ptr<Audience> audience)
        : Backing(geometry, frames), faults_(faults), pipes_(pipes), audience_(std::move(audience))
    {
    }

    ~ServedBacking() override
    {
        if (mapping_.data()) // of a region that was not made in full
            (void)ServedBacking::unmap(Addresses::given_back);
    }

    /// Maps the region; its first page at `start` if that is not null.
    Status map(void *start) noexcept;

    Result<Staging> stage(ByteRange pages, Access access) noexcept override;
    void abandon(const Staging &staging) noexcept override;
    Result<bool> install(ByteRange pages, const Staging &staging, Access access, Wake wake) noexcept override;
    Result<Outgoing> take_out(ByteRange pages, bool dirty) noexcept override;
    void finish(std::span<Outgoing> outgoing) noexcept override;
    bool put_back(Outgoing &, Stores) noexcept override { return true; } // nothing was taken away
    bool tracks_stores() const override { return true; }               // there are none
    Status unprotect(ChunkIndex) noexcept override { return {}; }
    bool has_page(const std::byte *) const noexcept override { return true; } // the file has it
    Status restore(ChunkIndex, const Staging &) noexcept override { return {}; }
    bool poison_replaces_mapping() const override { return false; }
    bool poison(ChunkIndex chunk) noexcept override;
    Status mend(ChunkIndex chunk) noexcept override;
    void wake(ChunkIndex chunk) noexcept override { wake_for(geometry_.pages_of(chunk)); }
    kernel::Mapping unmap(Addresses addresses) noexcept override;

  private:
    bool write_in(ByteRange pages, const std::byte *data) noexcept;
    Status copy_in(ByteRange pages, const std::byte *data) noexcept;
    bool punch(ByteRange pages) const noexcept { return audience_->memory().punch(pages.offset, pages.length).ok(); }
    void give_back(ByteRange pages) noexcept { left_.settle(pages, punch(pages)); }
    void wake_for(ByteRange pages) noexcept;

    const kernel::Userfaultfd &faults_;
    kernel::PagePipes &pipes_;
    const std::shared_ptr<Audience> audience_;
    kernel::Mapping mapping_; // this process's own view, and the way into the file
};

} // namespace ufomem
