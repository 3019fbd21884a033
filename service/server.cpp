// SPDX-License-Identifier: MIT
#include "server.hpp"

#include "kernel/clock.hpp"
#include "library_thread.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>

namespace ufomem::service {
namespace {

// Tags: clients have numbers from 1 on.
constexpr std::uint64_t newcomers = 0;
constexpr std::uint64_t has_ended = 1ULL << 62; // the process of that client

} // namespace

Server::Server(Options options, AllowedDirectories allowed)
    : options_(std::move(options)),
      catalogue_(options_.core, {options_.limits.idle_files, options_.chunk_bytes, std::move(allowed)}),
      threads_(options_.limits.threads, std::clamp(options_.limits.answer_milliseconds / 4, 10U, 500U),
               options_.core->engine().budget.bytes() / 2),
      host_{catalogue_, threads_, process_, options_.limits, options_.log, counts_, [this] { return figures(); }}
{
}

Result<std::unique_ptr<Server>> Server::start(Options options)
{
    if (!options.core)
        return fail(Code::invalid, "a service needs a core");
    if (options.limits.pinned_bytes == 0)
        options.limits.pinned_bytes = options.core->engine().budget.bytes() / 8;
    Result<AllowedDirectories> allowed = AllowedDirectories::open(options.directories);
    if (!allowed.ok())
        return allowed.status();
    std::unique_ptr<Server> server(new Server(std::move(options), std::move(*allowed)));
    if (Status status = server->open(); !status.ok())
        return status;
    return server;
}

Status Server::open()
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
    Result<Listener> listener =
        options_.socket >= 0 ? Listener::adopt(options_.socket) : Listener::at(options_.path, options_.mode);
    if (!listener.ok())
        return listener.status();
    listener_ = std::move(*listener);
    if (options_.admits_at_once)
        if (Status status = begin_admission(); !status.ok())
            return status;
    try {
        thread_ = start_library_thread("ufomem-requests", this, [this] { run(); });
    } catch (...) {
        return fail(Code::limit, "cannot start the thread that answers requests (ulimit -u?)");
    }
    return {};
}

Status Server::begin_admission() noexcept
{
    if (handed_over_ || admitting_.exchange(true))
        return {};
    Status status = requests_.add(listener_.socket().descriptor(), newcomers, kernel::EventQueue::Report::once);
    if (!status.ok())
        admitting_.store(false);
    return status;
}

/// Clients see the sockets close, and end the waiting of their threads themselves.
Server::~Server()
{
    if (thread_.joinable()) {
        requests_.stop();
        thread_.join();
    }
    threads_.stop();
}

Result<kernel::File> Server::hand_over() noexcept
{
    const int listening = listener_.socket().descriptor();
    kernel::File copy(fcntl(listening, F_DUPFD_CLOEXEC, 0));
    if (!copy)
        return fail_errno(Code::system, errno, "cannot duplicate the listening socket");
    handed_over_.store(true);
    requests_.remove(listening);
    listener_.leave();
    return copy;
}

ServerFigures Server::figures() noexcept
{
    const Engine &engine = options_.core->engine();
    Counters counters;
    options_.core->count(counters);
    const auto of = [](const auto &counter) { return counter.load(std::memory_order_relaxed); };
    ServerFigures figures;
    figures.page_bytes = kernel::page_size();
    figures.chunk_bytes =
        round_up(options_.chunk_bytes != 0 ? options_.chunk_bytes : Geometry::default_chunk_bytes, figures.page_bytes);
    figures.budget_bytes = engine.budget.bytes();
    figures.used_bytes = engine.budget.used();
    figures.peak_bytes = engine.budget.peak();
    figures.low_bytes = engine.budget.low();
    figures.high_bytes = engine.budget.high();
    figures.fillers = threads_.count();
    figures.most_fillers = options_.limits.threads;
    figures.evictors = 1;
    figures.faults_at_once = options_.limits.faults_at_once;
    figures.clients = of(clients_);
    figures.clients_ever = of(clients_ever_);
    figures.dismissed = of(counts_.dismissed);
    figures.regions = catalogue_.regions();
    figures.faults = of(counts_.faults);
    figures.late = of(counts_.late);
    figures.failures = of(counters.failures);
    figures.populated_bytes = of(counters.populated_bytes);
    figures.evictions = of(counters.evictions);
    return figures;
}

void Server::run() noexcept
{
    const std::int64_t tick = std::clamp(options_.limits.answer_milliseconds / 4, 10U, 1000U) * 1'000'000LL;
    std::int64_t last = kernel::now_nanoseconds();
    const auto until = [](std::int64_t time, std::int64_t now) {
        return std::max<std::int64_t>((time - now) / 1'000'000 + 1, 1);
    };
    for (;;) {
        std::int64_t now = kernel::now_nanoseconds();
        std::int64_t milliseconds = sessions_.empty() ? -1 : until(last + tick, now);
        if (admits_again_ != 0)
            milliseconds = std::min(milliseconds < 0 ? INT64_MAX : milliseconds, until(admits_again_, now));
        const std::uint64_t tag = requests_.wait(static_cast<int>(milliseconds));
        if (tag == kernel::EventQueue::stopped)
            break;
        now = kernel::now_nanoseconds();
        if (now - last >= tick) {
            last = now;
            for (const auto &[number, session] : sessions_)
                session->refuse_late();
            threads_.tick(options_.core->engine().budget.bytes() / 2);
        }
        if (admits_again_ != 0 && now >= admits_again_) {
            admits_again_ = 0;
            listen();
        }
        if (tag == newcomers)
            admit();
        else if (tag != kernel::EventQueue::nothing)
            if (const auto session = sessions_.find(tag & ~has_ended); session != sessions_.end())
                dismiss(session);
    }
    while (!sessions_.empty())
        dismiss(sessions_.begin());
}

/// To be told of the next newcomer.
void Server::listen() noexcept
{
    if (!handed_over_.load())
        (void)requests_.report_again(listener_.socket().descriptor(), newcomers);
}

bool Server::has_room_for(const kernel::Peer &peer) const noexcept
{
    const auto of_him = [&](const auto &entry) { return entry.second->peer().user == peer.user; };
    const auto his = static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), of_him));
    if (sessions_.size() < options_.limits.clients && his < options_.limits.clients_per_user)
        return true;
    options_.log(LogLevel::warning,
                 "process %d of user %u is turned away: there are %zu clients already, %zu of them of the same user",
                 peer.process, peer.user, sessions_.size(), his);
    return false;
}

void Server::admit() noexcept
{
    kernel::UnixSocket socket = listener_.socket().accept();
    if (!socket && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        // No descriptors, or no memory.  Who has connected keeps waiting; some will be given back.
        options_.log(LogLevel::warning, "nobody can be admitted for now: %s", std::strerror(errno));
        constexpr std::int64_t moment = 100'000'000;
        admits_again_ = kernel::now_nanoseconds() + moment;
        return;
    }
    listen();
    if (!socket)
        return; // he has gone again
    const kernel::Peer peer = socket.peer();
    // Who does not take his answers cannot hold up the others.
    if (!socket.limit_waiting(std::chrono::milliseconds(0)).ok())
        return;
    if (!has_room_for(peer)) {
        const Status status = fail(Code::limit, "the service has as many clients as it may; try again later");
        (void)socket.send(bytes_of(make_failed(0, Failure::of_this_thread(status))));
        return;
    }
    auto entry = sessions_.end();
    try {
        const std::uint64_t number = next_client_++;
        auto session = std::make_shared<Session>(host_, number, std::move(socket));
        entry = sessions_.emplace(number, std::move(session)).first;
        clients_.store(sessions_.size(), std::memory_order_relaxed);
        clients_ever_.fetch_add(1, std::memory_order_relaxed);
        const Session &admitted = *entry->second;
        if (!requests_.add_end(admitted.descriptor(), number).ok() || !entry->second->begin().ok()
            || (admitted.process()
                && !requests_
                        .add(admitted.process().descriptor(), number | has_ended, kernel::EventQueue::Report::always)
                        .ok()))
            dismiss(entry);
        else
            options_.log(LogLevel::info, "client %llu: process %d of user %u, group %u",
                         static_cast<unsigned long long>(number), peer.process, peer.user, peer.group);
    } catch (...) { // no memory: he is turned away
        if (entry != sessions_.end())
            dismiss(entry);
    }
}

/// The conversation, or the process, has ended.
void Server::dismiss(std::map<std::uint64_t, std::shared_ptr<Session>>::iterator session) noexcept
{
    requests_.remove(session->second->descriptor());
    if (session->second->process())
        requests_.remove(session->second->process().descriptor());
    session->second->end();
    options_.log(LogLevel::info, "client %llu (process %d of user %u) has left",
                 static_cast<unsigned long long>(session->first), session->second->peer().process,
                 session->second->peer().user);
    sessions_.erase(session);
    clients_.store(sessions_.size(), std::memory_order_relaxed);
}

} // namespace ufomem::service
