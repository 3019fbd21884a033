// SPDX-License-Identifier: MIT
// One client, as the service sees it.  Its messages are answered one after the other, its faults by several threads at once.
#pragma once

#include "attachment.hpp"
#include "catalogue.hpp"
#include "fault_threads.hpp"
#include "figures.hpp"
#include "kernel/unix_socket.hpp"
#include "limits.hpp"
#include "log.hpp"
#include "protocol.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace ufomem::service {

/// What has happened to all clients so far.
struct Counts {
    std::atomic<std::uint64_t> faults{0};    ///< answered
    std::atomic<std::uint64_t> late{0};      ///< of faults that ended in an error, because no answer came in time
    std::atomic<std::uint64_t> dismissed{0}; ///< of clients with whom the service has ended the conversation
};

/// What all sessions of a service share.
struct Host {
    Catalogue &catalogue;
    FaultThreads &threads;
    const kernel::File &process; ///< tells of the service's end
    const Limits limits;
    const Log &log;
    Counts &counts;
    const std::function<ServerFigures()> figures;
};

class Session final : public Served, public Parked, public std::enable_shared_from_this<Session> {
  public:
    Session(Host &host, std::uint64_t number, kernel::UnixSocket socket);

    int descriptor() const { return socket_.descriptor(); }
    const kernel::Peer &peer() const { return peer_; }
    /// Tells of the client's end; there may be none.
    const kernel::File &process() const { return process_; }

    /// From now on messages are answered.  Throws std::bad_alloc.
    Status begin();
    /// Ends the waiting for what takes too long.
    void refuse_late() noexcept;
    /// Gives everything back.
    void end() noexcept;

    void serve(Event event, FaultThreads &threads) noexcept override;
    bool ask_again(std::uint64_t) noexcept override;

  private:
    struct Opened_ {
        std::shared_ptr<ServedRegion> region;
        std::shared_ptr<Attachment> attachment;
        std::vector<ByteRange> pins; // of whoever answers a message, one at a time
    };

    /// A fault that is being answered.
    struct Answering {
        std::int64_t since = 0; // nanoseconds
        bool counts = true;     // until the answer is late
    };

    void serve_message(FaultThreads &threads) noexcept;
    /// There is a message, or an end.  False if the session is over.
    bool hear() noexcept;
    void give_back(const std::map<std::uint64_t, Opened_> &leaving) noexcept;
    void serve_fault(FaultThreads &threads) noexcept;
    void finish(Answering &answering) noexcept;
    void stop_counting_late(std::int64_t since) noexcept;
    void report_more_faults() noexcept;

    /// Who is not understood is not listened to any longer.
    Status misbehaves(Status status) noexcept
    {
        misbehaved_ = true;
        return status;
    }
    Status answer(std::span<const std::byte> message, kernel::File descriptor);
    Status greet(const Hello &hello, kernel::File faults);
    Status offer(std::uint32_t number, const std::shared_ptr<ServedRegion> &region);
    Status attach(const Attach &request);
    // session_ranges.cpp
    Status retry(const Retry &request);
    Status pin(const Pin &request);
    Status unpin(const Unpin &request);
    Status will_need(const WillNeed &request);
    Status tell_figures(const RegionStats &request);
    template <class Call> Status on_range(std::uint64_t number, ByteRange bytes, Call call);
    void give_back(const Opened_ &leaving) noexcept;

    // session.cpp
    Status detach(const Detach &request);
    template <class Message> Status send(const Message &message, int descriptor = -1) const noexcept
    {
        return socket_.send(bytes_of(message), descriptor);
    }
    std::shared_ptr<Attachment> attached_at(std::uint64_t address) noexcept;
    void dismiss() noexcept;
    bool answer_fault(const kernel::FaultMessage &fault, FaultThreads &threads) noexcept;

    Host &host_;
    const std::uint64_t number_;
    const kernel::UnixSocket socket_;
    const kernel::Peer peer_;
    const kernel::File process_;
    const std::shared_ptr<Share> requests_ = std::make_shared<Share>(0); // of the threads

    // Of whoever answers a message: one thread at a time.
    bool misbehaved_ = false;
    std::uint64_t next_region_ = 1;
    std::size_t pinned_bytes_ = 0; // of whoever answers a message, one at a time

    /// From the first message on; guarded by mutex_ until faults are served.
    std::shared_ptr<const kernel::ForeignUserfaultfd> faults_;
    std::atomic<bool> dismissed_{false};

    std::mutex mutex_;
    bool over_ = false;                        // guarded by mutex_
    std::map<std::uint64_t, Opened_> regions_; // guarded by mutex_
    std::uint64_t mapped_bytes_ = 0;           // guarded by mutex_: of all regions_
    bool hearing_ = false;                     // guarded by mutex_: a message is being answered
    std::vector<Answering *> in_work_;         // guarded by mutex_
    std::size_t answering_ = 0;                // guarded by mutex_: of these, how many count
    bool held_back_ = false; // guarded by mutex_: faults are not reported, because too many are being answered
};

} // namespace ufomem::service
