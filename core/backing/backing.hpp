// SPDX-License-Identifier: MIT
// The memory behind a region: how chunks become visible at their addresses, and how they leave.  Two kinds: private memory whose frames
// are moved or copied by userfaultfd, and shared memory that is protected page by page.
//
// Every function acts on the pages of chunks that the caller owns (see chunk_state.hpp), except where it says otherwise.  Several
// neighbouring chunks, an extent, come and go as one.
#pragma once

#include "../chunk_state.hpp"
#include "../frames.hpp"
#include "../geometry.hpp"
#include "../units.hpp"
#include "left_pages.hpp"

#include <atomic>
#include <span>

namespace ufomem {

/// Where a chunk is filled before it becomes visible.
struct Staging {
    std::byte *data = nullptr;
    Frame frame;           ///< which it is in; or, if `moving` is there, an original that stays behind to compare with
    std::size_t extra = 0; ///< charged besides, for the pages that a copy will take; with it, it comes in by copy
    Frame moving;          ///< what becomes visible is a copy, in this frame
    explicit operator bool() const { return data != nullptr; }
};

/// Pages on their way out: their content cannot change any more.
struct Outgoing {
    enum class Way : std::uint8_t {
        dropped,   ///< clean, and still at its place
        moved,     ///< in a frame of the pool
        protected_, ///< at its place, protected against stores
        detached   ///< in a mapping of its own
    };
    Way way = Way::dropped;
    ByteRange pages;
    const std::byte *data = nullptr;
    Frame frame;
    kernel::Mapping detached;
};

using kernel::Wake;

/// What becomes of stores to a chunk that is put back.
enum class Stores : std::uint8_t { allowed, reported };

class Backing {
  public:
    Backing(const Geometry &geometry, Frames &frames) : geometry_(geometry), frames_(frames), left_(frames) {}
    Backing(const Backing &) = delete;
    Backing &operator=(const Backing &) = delete;
    virtual ~Backing() = default;

    /// Address of element 0.
    std::byte *body() const { return body_; }
    std::byte *at(ChunkIndex chunk) const { return at(geometry_.pages_of(chunk)); }
    std::byte *at(ByteRange pages) const { return body_ + pages.offset; }

    // -- coming in
    /// Memory for the pages inside the budget; its content is arbitrary.
    virtual Result<Staging> stage(ByteRange pages, Access access) noexcept = 0;
    /// The same for a chunk with the content that the chunk had when it was parked, by its word of that time and the place of its word; empty if
    /// that is gone.
    virtual Result<Staging> rescue(ChunkWord, const std::atomic<ChunkWord::Bits> &, ChunkIndex, Access) noexcept { return Staging{}; }
    virtual void abandon(const Staging &staging) noexcept = 0;
    /// Makes it visible.  True if the pages count as changed from now on.  The staging is used up either way; without success nobody is woken.
    virtual Result<bool> install(ByteRange pages, const Staging &staging, Access access, Wake wake) noexcept = 0;

    /// Whether an extent comes in as one page, if nothing of it is there on its own.
    virtual bool has_huge_extents() const noexcept { return false; }

    // -- going out
    virtual Result<Outgoing> take_out(ByteRange pages, bool dirty) noexcept = 0;
    /// Copies what is in unchanged pages, which are gone then.  After an error they are what they were.  Only where has_huge_extents() says so.
    virtual Status take_content(ByteRange, std::byte *) noexcept { return Status{Code::system}; }
    /// Whether frames keep the content of what went out this way.
    virtual bool can_park(const Outgoing &) const { return false; }
    /// What goes out is gone from memory; its content has been saved if that was needed.
    virtual void finish(std::span<Outgoing> outgoing) noexcept = 0;
    /// It stays after all.  True if stores are reported from now on, as was asked for.
    virtual bool put_back(Outgoing &outgoing, Stores stores) noexcept = 0;

    // -- staying
    /// Stores can be reported.  False where that cannot be: every resident chunk of a writable region then counts as changed.
    virtual bool tracks_stores() const = 0;
    /// Lets stores happen.  May be called by several threads at once.
    virtual Status unprotect(ChunkIndex chunk) noexcept = 0;
    /// A store into a read-only region has to end in a signal.  Any thread, any time.  False if it does so anyway.
    virtual bool refuse_stores() noexcept { return false; }

    /// Whether the page of a resident chunk is there.  The program may have thrown it away.  Any thread, any time.
    virtual bool has_page(const std::byte *address) const noexcept = 0;
    /// Puts back those pages of a resident, unchanged chunk that are missing.  May be called by several threads at once.
    virtual Status restore(ChunkIndex chunk, const Staging &staging) noexcept = 0;

    /// Whether a chunk that was put back may be out of reach: from then on who wants a resident one makes sure.
    bool may_be_out_of_reach() const { return out_of_reach_.load(std::memory_order_relaxed); }
    /// By somebody who holds the chunk.
    virtual Status make_reachable(ChunkIndex, bool /*dirty*/) noexcept { return {}; }

    // -- failing
    /// Poison replaces the mapping of the chunk: the caller must keep poison() and install() apart.
    virtual bool poison_replaces_mapping() const = 0;
    /// Every access to the absent pages of the chunk raises SIGBUS until mend().  Any thread while the chunk is not resident.  False if that
    /// cannot be had: threads in a fault have to be told one by one.
    virtual bool poison(ChunkIndex chunk) noexcept = 0;
    virtual Status mend(ChunkIndex chunk) noexcept = 0;
    /// Whether the memory of an absent chunk could not be made ready in full: who installs it, or mends it, tries again.
    virtual bool is_half_mapped(ChunkIndex) const noexcept { return false; }

    /// The program has unmapped these pages, moved them away, or put something else in their place.  They are absent afterwards, or, where they are
    /// somebody else's now, not to be had any more.  Any thread, any time.  False if there are such.
    virtual bool reclaim(std::byte *, std::size_t) noexcept { return true; }

    /// Wakes whoever waits for the chunk in a fault.  Any thread, any time.
    virtual void wake(ChunkIndex) noexcept {}
    enum class Addresses : std::uint8_t { given_back, reserved };
    /// The end: unmaps the memory and wakes everybody.  The addresses, if they are to stay reserved, and can.
    virtual kernel::Mapping unmap(Addresses addresses) noexcept = 0;

  protected:
    /// For unmap(): what becomes of the range that the region was seen at.
    static kernel::Mapping end_of(kernel::Mapping &mapping, Addresses addresses) noexcept
    {
        if (addresses == Addresses::given_back || !kernel::reserve_only(mapping.data(), mapping.size()))
            mapping.reset();
        return std::move(mapping);
    }

    std::size_t size_of(ChunkIndex chunk) const { return geometry_.pages_of(chunk).length; }

    const Geometry &geometry_;
    Frames &frames_;
    LeftPages left_; // of chunks that left; who fills one takes them from here first
    std::byte *body_ = nullptr;
    std::atomic<bool> out_of_reach_{false};
};

} // namespace ufomem
