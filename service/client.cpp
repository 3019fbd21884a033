// SPDX-License-Identifier: MIT
#include "client.hpp"

#include "library_thread.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

namespace ufomem::service {
namespace {

constexpr std::uint64_t service_ended = 1;

} // namespace

Result<std::shared_ptr<Client>> Client::connect(const std::string &path, Log log)
{
    std::shared_ptr<Client> client(new Client(path, std::move(log)));
    if (Status status = client->open(); !status.ok())
        return status;
    return client;
}

Status Client::open()
{
    Result<std::unique_ptr<Connection>> connection = Connection::open(path_);
    if (!connection.ok())
        return connection.status();
    Result<kernel::EventQueue> ends = kernel::EventQueue::make();
    if (!ends.ok())
        return ends.status();
    ends_ = std::move(*ends);
    connection_ = std::move(*connection);
    served_by_ = connection_->peer().user;
    if (Status status = connection_->report_end(ends_, service_ended); !status.ok())
        return status;
    try {
        watcher_ = start_library_thread("ufomem-client", this, [this] { watch(); });
    } catch (const std::system_error &) {
        return fail(Code::limit, "cannot start the thread that watches the service (ulimit -u?)");
    }
    return {};
}

Client::~Client()
{
    if (!watcher_.joinable())
        return;
    ends_.stop();
    watcher_.join();
}

std::shared_ptr<Connection> Client::connection() noexcept
{
    const GuardedLock lock(mutex_);
    return connection_;
}

Status Client::lost_status() const noexcept
{
    return fail(Code::closed, "the service at '%s' has ended; its arrays can be read again as soon as it is back", path_.c_str());
}

/// Sees the service end, and looks for its successor.
void Client::watch() noexcept
{
    constexpr int first_pause = 10;
    constexpr int longest_pause = 500;
    for (int pause = -1;;) {
        const std::uint64_t tag = ends_.wait(pause); // milliseconds
        if (tag == kernel::EventQueue::stopped)
            return;
        if (tag == service_ended) {
            lose();
            pause = first_pause;
        } else if (pause >= 0) {
            pause = recover() ? -1 : std::min(2 * pause, longest_pause);
        }
    }
}

void Client::lose() noexcept
{
    {
        const GuardedLock lock(mutex_);
        lost_.store(true, std::memory_order_release);
        connection_->forget_end(ends_);
        (void)give_memory_up();
    }
    log_(LogLevel::error, "the service at '%s' has ended: its arrays cannot be read until it is back", path_.c_str());
}

/// From now on every access to the service's memory is an error.  The userfaultfd is open until then, so that there is no moment in which an absent
/// page would be zeros.
bool Client::give_memory_up() noexcept
{
    bool all = true;
    for (ClientRegion *region : regions_)
        all &= !region->attached() || region->lose(connection_->faults());
    if (all)
        connection_.reset();
    return all;
}

/// True if there is nothing more to wait for.
bool Client::recover() noexcept
{
    try {
        if (lost() && !reconnect())
            return false;
        const GuardedLock lock(mutex_);
        bool complete = true;
        for (ClientRegion *region : regions_) {
            if (!region->waits_for_service())
                continue;
            bool lasting = false;
            const Status status = region->attach(*connection_, lasting);
            if (status.ok())
                continue;
            complete &= lasting;
            if (!lasting)
                continue;
            region->give_up();
            log_(LogLevel::error, "an array of the service at '%s' is lost: %s", path_.c_str(), last_error());
        }
        return complete;
    } catch (...) { // no memory: later
        return false;
    }
}

bool Client::reconnect()
{
    {
        const GuardedLock lock(mutex_);
        if (connection_ && !give_memory_up())
            return false;
    }
    Result<std::unique_ptr<Connection>> fresh = Connection::open(path_);
    if (!fresh.ok())
        return false;
    if ((*fresh)->peer().user != served_by_) {
        log_(LogLevel::error, "somebody else, user %u, listens at '%s' now: he is not trusted with the arrays of user %u", (*fresh)->peer().user, path_.c_str(),
             served_by_);
        return false;
    }
    // Before anything is watched: the service has what tells of its end open, too, so that would be watched on for ever.
    std::shared_ptr<Connection> connection(std::move(*fresh));
    const GuardedLock lock(mutex_);
    if (!connection->report_end(ends_, service_ended).ok())
        return false;
    connection_ = std::move(connection);
    lost_.store(false, std::memory_order_release);
    log_(LogLevel::info, "the service at '%s' is back", path_.c_str());
    return true;
}

Result<std::unique_ptr<ClientRegion>> Client::open_region(ClientRegion::Content content)
{
    auto region = std::make_unique<ClientRegion>(shared_from_this(), std::move(content));
    const GuardedLock lock(mutex_);
    if (!connection_)
        return lost_status();
    regions_.reserve(regions_.size() + 1);
    bool lasting = false;
    if (Status status = region->attach(*connection_, lasting); !status.ok())
        return status;
    regions_.push_back(region.get());
    return region;
}

Result<std::unique_ptr<ClientRegion>> Client::open_file(int file, std::size_t chunk_bytes, void *address)
{
    ClientRegion::Content content;
    content.file = kernel::File(fcntl(file, F_DUPFD_CLOEXEC, 3));
    if (!content.file)
        return fail_errno(errno == EBADF ? Code::invalid : Code::limit, errno, "%d is not the descriptor of a file", file);
    Result<FileVersion> version = FileVersion::of(content.file);
    if (!version.ok())
        return version.status();
    content.version = *version;
    content.chunk_bytes = chunk_bytes;
    content.address = address;
    return open_region(std::move(content));
}

Result<std::unique_ptr<ClientRegion>> Client::open_name(const std::string &name, void *address)
{
    if (name.empty() || name.size() >= OpenName::most)
        return fail(Code::invalid, "the name '%s' does not have 1 to %zu characters", name.c_str(), OpenName::most - 1);
    ClientRegion::Content content;
    content.name = name;
    content.address = address;
    return open_region(std::move(content));
}

/// First the memory goes, so that the service answers no fault in whatever comes there next.
void Client::close_region(ClientRegion &region) noexcept
{
    std::shared_ptr<Connection> connection;
    Detach detach = make<Detach>(0);
    {
        const GuardedLock lock(mutex_);
        regions_.erase(std::remove(regions_.begin(), regions_.end(), &region), regions_.end());
        region.mapping_.reset();
        if (region.attached_)
            connection = connection_;
        detach.region = region.number_;
    }
    if (connection)
        (void)connection->ask<Done>(detach);
}

} // namespace ufomem::service
