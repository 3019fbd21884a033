// SPDX-License-Identifier: MIT
// Memory of an unnamed file, for machines without userfaultfd: filled through an alias that is always writable, made visible and taken
// away by page protection.
#pragma once

#include "backing.hpp"

namespace ufomem {

class SharedBacking final : public Backing {
  public:
    SharedBacking(const Geometry &geometry, Frames &frames, bool read_only) : Backing(geometry, frames), read_only_(read_only) {}

    /// Maps the region; its first page at `start` if that is not null.
    Status map(void *start) noexcept;

    Result<Staging> stage(ByteRange pages, Access access) noexcept override;
    void abandon(const Staging &staging) noexcept override;
    Result<bool> install(ByteRange pages, const Staging &staging, Access access, Wake wake) noexcept override;
    Result<Outgoing> take_out(ByteRange pages, bool dirty) noexcept override;
    void finish(std::span<Outgoing> outgoing) noexcept override;
    bool put_back(Outgoing &outgoing, Stores stores) noexcept override;
    bool tracks_stores() const override { return true; }
    Status unprotect(ChunkIndex chunk) noexcept override;
    Status make_reachable(ChunkIndex chunk, bool dirty) noexcept override;
    bool has_page(const std::byte *) const noexcept override { return true; } // the file has it
    Status restore(ChunkIndex, const Staging &) noexcept override { return {}; }
    // What is not in memory is out of reach already, and the delivery raises the signal.
    bool poison_replaces_mapping() const override { return false; }
    bool poison(ChunkIndex) noexcept override { return false; }
    Status mend(ChunkIndex) noexcept override { return {}; }
    kernel::Mapping unmap(Addresses addresses) noexcept override;

  private:
    std::byte *alias_of(ByteRange pages) const { return alias_ + pages.offset; }
    bool punch(ByteRange pages) const noexcept { return kernel::punch(alias_of(pages), pages.length).ok(); }
    void give_back(ByteRange pages) noexcept { left_.settle(pages, punch(pages)); }

    /// Of what is in memory and changed, or cannot be.
    kernel::Protection protection() const { return read_only_ ? kernel::Protection::read : kernel::Protection::read_write; }

    const bool read_only_;
    kernel::SharedPair memory_; // header, then body
    std::byte *alias_ = nullptr; // of the body
};

} // namespace ufomem
