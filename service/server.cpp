// SPDX-License-Identifier: MIT
#include "server.hpp"

#include "kernel/clock.hpp"
#include "library_thread.hpp"

#include <algorithm>
#include <ctime>
#include <unistd.h>

namespace ufomem::service {
namespace {

// Tags: clients have numbers from 1 on.
constexpr std::uint64_t newcomers = 0;
constexpr std::uint64_t has_ended = 1ULL << 62; // the process of that client

} // namespace

Server::Server(Options options)
    : options_(std::move(options)), catalogue_(options_.core, options_.idle_files), threads_(options_.most_threads),
      host_{catalogue_, threads_, process_, options_.limits, options_.log}
{
}

Result<std::unique_ptr<Server>> Server::start(Options options)
{
    if (!options.core)
        return fail(Code::invalid, "a service needs a core");
    std::unique_ptr<Server> server(new Server(std::move(options)));
    if (Status status = server->open(); !status.ok())
        return status;
    return server;
}

Status Server::open() noexcept
{
    Result<kernel::File> process = kernel::descriptor_of_this_process();
    if (!process.ok())
        return process.status();
    process_ = std::move(*process);
    Result<kernel::EventQueue> requests = kernel::EventQueue::make();
    if (!requests.ok())
        return requests.status();
    requests_ = std::move(*requests);
    if (Status status = threads_.start(); !status.ok())
        return status;
    Result<kernel::UnixSocket> listening = kernel::UnixSocket::listen_at(options_.path.c_str(), options_.mode);
    if (!listening.ok())
        return listening.status();
    listening_ = std::move(*listening);
    if (Status status = requests_.add(listening_.descriptor(), newcomers, kernel::EventQueue::Report::always); !status.ok())
        return status;
    try {
        thread_ = start_library_thread("ufomem-requests", this, [this] { run(); });
    } catch (...) {
        return fail(Code::limit, "cannot start the thread that answers requests (ulimit -u?)");
    }
    return {};
}

/// Clients see the sockets close, and end the waiting of their threads themselves.
Server::~Server()
{
    if (listening_)
        unlink(options_.path.c_str());
    if (thread_.joinable()) {
        requests_.stop();
        thread_.join();
    }
    threads_.stop();
}

void Server::run() noexcept
{
    const int tick = static_cast<int>(std::clamp(options_.limits.answer_milliseconds / 4, 10U, 1000U));
    std::int64_t last = kernel::now_nanoseconds();
    for (std::uint64_t tag = 0; (tag = requests_.wait(sessions_.empty() ? -1 : tick)) != kernel::EventQueue::stopped;) {
        if (const std::int64_t now = kernel::now_nanoseconds(); now - last >= tick * 1'000'000LL) {
            last = now;
            for (const auto &[number, session] : sessions_)
                session->refuse_late();
        }
        if (tag == newcomers)
            admit();
        else if (tag != kernel::EventQueue::nothing)
            hear(tag);
    }
    while (!sessions_.empty())
        dismiss(sessions_.begin());
}

void Server::admit() noexcept
{
    kernel::UnixSocket socket = listening_.accept();
    if (!socket) { // he has gone again; or there are no descriptors left, and some moments may help
        const timespec moment{0, 1'000'000};
        nanosleep(&moment, nullptr);
        return;
    }
    const kernel::Peer peer = socket.peer();
    if (sessions_.size() >= options_.clients) {
        options_.log(LogLevel::warning, "process %d of user %u is turned away: there are %zu clients already", peer.process, peer.user, sessions_.size());
        return;
    }
    try {
        // Who does not take his answers cannot hold up the others.
        if (!socket.limit_waiting(std::chrono::milliseconds(0)).ok())
            return;
        const std::uint64_t number = next_client_++;
        auto session = std::make_shared<Session>(host_, number, std::move(socket));
        const auto entry = sessions_.emplace(number, std::move(session)).first;
        clients_.store(sessions_.size(), std::memory_order_relaxed);
        const Session &admitted = *entry->second;
        if (!requests_.add(admitted.descriptor(), number, kernel::EventQueue::Report::always).ok() ||
            (admitted.process() && !requests_.add(admitted.process().descriptor(), number | has_ended, kernel::EventQueue::Report::always).ok()))
            dismiss(entry);
        else
            options_.log(LogLevel::info, "client %llu: process %d of user %u", static_cast<unsigned long long>(number), peer.process, peer.user);
    } catch (...) { // no memory: he is turned away
    }
}

void Server::hear(std::uint64_t tag) noexcept
{
    const auto session = sessions_.find(tag & ~has_ended);
    if (session != sessions_.end() && ((tag & has_ended) != 0 || !session->second->hear()))
        dismiss(session);
}

void Server::dismiss(std::map<std::uint64_t, std::shared_ptr<Session>>::iterator session) noexcept
{
    requests_.remove(session->second->descriptor());
    if (session->second->process())
        requests_.remove(session->second->process().descriptor());
    session->second->end();
    sessions_.erase(session);
    clients_.store(sessions_.size(), std::memory_order_relaxed);
}

} // namespace ufomem::service
