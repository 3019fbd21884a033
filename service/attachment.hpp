// SPDX-License-Identifier: MIT
// A region as one client sees it: where it is mapped there, and what is being waited for.
#pragma once

#include "catalogue.hpp"
#include "fault_threads.hpp"
#include "kernel/userfaultfd.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace ufomem::service {

class Attachment final : public Viewer, public Parked, public std::enable_shared_from_this<Attachment> {
  public:
    Attachment(std::shared_ptr<ServedRegion> region, std::shared_ptr<const kernel::ForeignUserfaultfd> faults, std::uint64_t address)
        : region_(std::move(region)), faults_(std::move(faults)), address_(address)
    {
    }
    ~Attachment() override { leave(); }

    /// From now on it hears of what it waits for.  Throws std::bad_alloc.
    void join() { region_->audience().add(*this); }
    void leave() noexcept { region_->audience().remove(*this); }

    bool contains(std::uint64_t address) const { return address - address_ < region_->geometry().mapped_body_bytes(); }

    /// Answers a fault.  `thread` tells the client's threads apart.  False if the client cannot be told of a failure, and should lose the service instead.
    bool answer(std::uint64_t address, pid_t thread, FaultThreads &threads) noexcept;

    /// Whoever has waited since then, or longer, gets an error.  The chunk may still come, for others.  False as for answer(); `count` is how many.
    bool refuse_since(std::int64_t nanoseconds, std::size_t &count) noexcept;

    void wake(ByteRange pages) noexcept override;
    bool refuse(ByteRange pages) noexcept override;
    bool ask_again(std::uint64_t chunk) noexcept override;

  private:
    std::byte *at(ByteRange pages) const { return reinterpret_cast<std::byte *>(address_ + pages.offset); }
    bool note_wanted(ChunkIndex chunk) noexcept;
    bool refuse_now(ChunkIndex chunk) noexcept;

    const std::shared_ptr<ServedRegion> region_;
    const std::shared_ptr<const kernel::ForeignUserfaultfd> faults_;
    const std::uint64_t address_; // of the first page, in the client's address space
    static constexpr std::size_t most_wanted = 1024; // so that nobody takes the service's memory by asking
    std::mutex mutex_;
    struct Wanted {
        ChunkIndex chunk;
        std::int64_t since = 0;   // nanoseconds
        bool woken = false;       // to ask again; perhaps nobody will
    };
    std::vector<Wanted> wanted_; // guarded by mutex_: somebody sleeps in a fault for these
};

} // namespace ufomem::service
