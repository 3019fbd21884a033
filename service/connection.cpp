// SPDX-License-Identifier: MIT
#include "connection.hpp"

#include "features.hpp"
#include "signal_guard.hpp"

#include <cstdlib>

namespace ufomem::service {
namespace {

/// More than can have been waited for in vain: each has taken the time limit of the socket.
constexpr int most_late_answers = 1000;

} // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::string &path)
{
    std::unique_ptr<Connection> connection(new Connection(path));
    if (Status status = connection->greet(); !status.ok())
        return status;
    return connection;
}

Status Connection::greet() noexcept
{
    Result<std::uint32_t> features_off = parse_features(std::getenv("UFOMEM_FEATURES_OFF"));
    if (!features_off.ok())
        return features_off.status();
    Result<kernel::Userfaultfd> faults = kernel::Userfaultfd::open(pagemap_, *features_off, kernel::Faults::as_messages);
    if (!faults.ok())
        return faults.status();
    faults_ = std::move(*faults);
    Result<kernel::UnixSocket> socket = kernel::UnixSocket::connect_to(path_.c_str());
    if (!socket.ok())
        return socket.status();
    socket_ = std::move(*socket);
    if (Status status = socket_.limit_waiting(std::chrono::seconds(10)); !status.ok())
        return status;
    return ask<Welcome>(make<Hello>(0), faults_.descriptor(), &service_).status();
}

Status Connection::report_end(const kernel::EventQueue &queue, std::uint64_t tag) const noexcept
{
    if (Status status = queue.add_end(socket_.descriptor(), tag); !status.ok())
        return status;
    Status status = queue.add(service_.descriptor(), tag, kernel::EventQueue::Report::always);
    if (!status.ok())
        queue.remove(socket_.descriptor());
    return status;
}

void Connection::forget_end(const kernel::EventQueue &queue) const noexcept
{
    queue.remove(socket_.descriptor());
    queue.remove(service_.descriptor());
}

/// The service has opened what nobody here waits for any more.
void Connection::give_back(std::uint64_t region) noexcept
{
    Detach detach = make<Detach>(next_number_++); // its answer is one that nobody waits for, either
    detach.region = region;
    if (!socket_.send(bytes_of(detach)).ok())
        socket_.shut_down();
}

/// `head` is that of the request.
Result<kernel::UnixSocket::Received> Connection::exchange(Head &head, std::span<const std::byte> request, int descriptor, Kind expected, Room &room) noexcept
{
    const GuardedLock lock(asking_);
    head.number = next_number_++;
    // A service that turns a client away says why and hangs up, maybe before it was asked anything.
    if (Status status = socket_.send(request, descriptor); !status.ok() && status.code != Code::closed) {
        // A service that believes in a region that has gone would answer the faults of what comes in its place: rather begin anew.
        if (head.kind == Kind::detach)
            socket_.shut_down();
        return status;
    }
    for (int late = 0; late < most_late_answers; ++late) {
        Result<kernel::UnixSocket::Received> received = socket_.receive(room);
        if (!received.ok())
            return received;
        if (received->size == 0)
            return fail(Code::closed, "the service at '%s' has ended the conversation", path_.c_str());
        const std::span<const std::byte> message = std::span(room).first(received->size);
        Result<Kind> kind = kind_of(message, received->descriptor || received->refused);
        if (!kind.ok())
            return kind.status();
        const std::uint32_t number = read_as<Head>(message).number;
        if (*kind == Kind::opened && (number != head.number || received->refused))
            give_back(read_as<Opened>(message).region);
        if (*kind == Kind::failed && (number == head.number || number == 0))
            return report(read_as<Failed>(message));
        if (number != head.number)
            continue; // what was waited for in vain before
        if (received->refused)
            return fail(Code::limit, "no descriptor is left for what the service at '%s' sends; raise ulimit -n", path_.c_str());
        if (*kind != expected)
            return fail(Code::system, "the service at '%s' gives an answer to another question", path_.c_str());
        return received;
    }
    socket_.shut_down();
    return fail(Code::system, "the service at '%s' answers what nobody has asked; is something else listening there?", path_.c_str());
}

} // namespace ufomem::service
