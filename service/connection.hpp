// SPDX-License-Identifier: MIT
// The way to a service: a socket for requests, a userfaultfd whose faults it answers, and something that tells when it has ended.
#pragma once

#include "kernel/event_queue.hpp"
#include "kernel/pagemap.hpp"
#include "kernel/unix_socket.hpp"
#include "kernel/userfaultfd.hpp"
#include "protocol.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <string>

namespace ufomem::service {

class Connection {
  public:
    /// Throws std::bad_alloc.
    static Result<std::unique_ptr<Connection>> open(const std::string &path);

    /// Asks, and waits for the answer.  With `carried`, that comes with a descriptor.  Any thread.
    template <class Answer, class Request> Result<Answer> ask(Request request, int descriptor = -1, kernel::File *carried = nullptr) noexcept
    {
        Room room;
        Result<kernel::UnixSocket::Received> received = exchange(request.head, bytes_of(request), descriptor, Answer::kind, room);
        if (!received.ok())
            return received.status();
        if (carried)
            *carried = std::move(received->descriptor);
        return read_as<Answer>(std::span(room).first(received->size));
    }

    /// For the memory that the service is to fill.
    const kernel::Userfaultfd &faults() const { return faults_; }
    /// Faults of system calls are reported, too, and not only those of loads.
    bool serves_system_calls() const { return !faults_.features().has(feature_userfaultfd_user); }
    /// Who is at the other end.
    kernel::Peer peer() const noexcept { return socket_.peer(); }
    /// The queue reports `tag` when the service has ended.
    Status report_end(const kernel::EventQueue &queue, std::uint64_t tag) const noexcept;
    void forget_end(const kernel::EventQueue &queue) const noexcept;

  private:
    using Room = std::array<std::byte, most_message_bytes>;
    explicit Connection(const std::string &path) : path_(path) {}
    Status greet() noexcept;
    void give_back(std::uint64_t region) noexcept;
    Result<kernel::UnixSocket::Received> exchange(Head &head, std::span<const std::byte> request, int descriptor, Kind expected, Room &room) noexcept;

    const std::string path_;
    kernel::Pagemap pagemap_;
    kernel::Userfaultfd faults_;
    kernel::UnixSocket socket_;
    kernel::File service_; // tells of its end, whoever else has the other end of the socket

    std::mutex asking_;             // one request at a time
    std::uint32_t next_number_ = 1; // guarded by asking_
};

} // namespace ufomem::service
