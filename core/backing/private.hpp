// SPDX-License-Identifier: MIT
// Private anonymous memory, filled through userfaultfd.
#pragma once

#include "../install_policy.hpp"
#include "../kernel/pagemap.hpp"
#include "../kernel/userfaultfd.hpp"
#include "address_ranges.hpp"
#include "backing.hpp"

namespace ufomem {

class PrivateBacking final : public Backing {
  public:
    PrivateBacking(const Geometry &geometry, Frames &frames, const kernel::Userfaultfd &faults, const kernel::Pagemap &pagemap, bool read_only);

    ~PrivateBacking() override
    {
        if (mapping_.data()) // of a region that was not made in full
            (void)PrivateBacking::unmap(Addresses::given_back);
    }

    /// Maps the region; its first page at `start` if that is not null.
    Status map(void *start) noexcept;

    Result<Staging> stage(ByteRange pages, Access access) noexcept override;
    Result<Staging> rescue(ChunkWord parked, const std::atomic<ChunkWord::Bits> &word, ChunkIndex chunk, Access access) noexcept override;
    void abandon(const Staging &staging) noexcept override;
    Result<bool> install(ByteRange pages, const Staging &staging, Access access, Wake wake) noexcept override;
    bool has_huge_extents() const noexcept override { return extent_class_ && most_bytes() % kernel::huge_page_size == 0 && policy().can_move; }
    Result<Outgoing> take_out(ByteRange pages, bool dirty) noexcept override;
    Status take_content(ByteRange pages, std::byte *out) noexcept override;
    bool can_park(const Outgoing &outgoing) const override;
    void finish(std::span<Outgoing> outgoing) noexcept override;
    bool put_back(Outgoing &outgoing, Stores stores) noexcept override;
    bool tracks_stores() const override { return policy_.can_protect; }
    Status unprotect(ChunkIndex chunk) noexcept override;
    bool refuse_stores() noexcept override;
    bool has_page(const std::byte *address) const noexcept override { return pagemap_.are_present(address, 1); }
    Status restore(ChunkIndex chunk, const Staging &staging) noexcept override;
    bool poison_replaces_mapping() const override { return !faults_.features().has(feature_poison) && faults_.faults() == kernel::Faults::as_messages; }
    bool poison(ChunkIndex chunk) noexcept override;
    Status mend(ChunkIndex chunk) noexcept override;
    bool is_half_mapped(ChunkIndex chunk) const noexcept override { return unwatched_.meets(at(chunk), size_of(chunk)); }
    bool reclaim(std::byte *data, std::size_t size) noexcept override;
    Status make_reachable(ChunkIndex chunk, bool dirty) noexcept override;
    void wake(ChunkIndex chunk) noexcept override { wake_for(geometry_.pages_of(chunk)); }
    kernel::Mapping unmap(Addresses addresses) noexcept override;

  private:
    // private.cpp
    /// The most that comes in at once.
    std::size_t most_bytes() const { return geometry_.chunk_bytes() * (geometry_.has_extents() ? geometry_.extent_chunks() : 1); }
    InstallPolicy policy() const noexcept;
    FrameClass &frames_for(std::size_t bytes) const;
    std::size_t extra_for(std::size_t bytes, Access access) const;
    Result<bool> install_compared(ByteRange pages, const Staging &staging, Wake wake) noexcept;
    Status copy_in(ByteRange pages, const std::byte *data, std::size_t &done, bool protect, Wake wake) noexcept;
    std::size_t take_back(ByteRange pages) noexcept;
    Result<Outgoing> move_out(ByteRange pages, bool dirty) noexcept;
    void wake_for(ByteRange pages) noexcept;
    bool put_back_protected(Outgoing &outgoing) noexcept;
    enum class Back : std::uint8_t { by_move, by_copy, by_protected_copy };
    void bring_back(ByteRange pages, std::byte *content, Back way) noexcept;
    void move_back(const Outgoing &outgoing, std::size_t size) noexcept;
    void make_way_for_huge_page(ByteRange pages) noexcept;
    void drop(std::span<Outgoing> outgoing) noexcept;

    // private_mapping.cpp
    kernel::Protection protection() const;
    Status renew(std::byte *data, std::size_t size) noexcept;
    void close_again(std::byte *data, std::size_t size) noexcept;
    bool reclaim_body(std::byte *data, std::size_t size, std::size_t smallest) noexcept;
    void take_away(std::byte *data, std::size_t size) noexcept;
    bool taken(ByteRange pages) const noexcept { return taken_.meets(at(pages), pages.length); }
    static Status taken_away() noexcept;
    bool empty(std::byte *data, std::size_t size) noexcept { return kernel::drop(data, size).ok() || renew(data, size).ok(); }

    const kernel::Userfaultfd &faults_;
    const kernel::Pagemap &pagemap_;
    const InstallPolicy policy_;
    kernel::Mapping mapping_; // header, then body
    FrameClass *frame_class_ = nullptr;
    FrameClass *tail_class_ = nullptr;   // the last chunk may be shorter
    FrameClass *extent_class_ = nullptr; // several chunks at once
    AddressRanges<16> taken_;    // somebody else's: the program has mapped its own memory there
    AddressRanges<4> unwatched_; // mapped by the library, but not watched; changed by who holds mapping_again_
    std::mutex mapping_again_; // held by who maps memory, until it is watched: of one move the kernel tells two readers
    std::mutex refusing_;
    std::atomic<bool> stores_refused_{false};
};

} // namespace ufomem
