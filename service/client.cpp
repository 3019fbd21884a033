// SPDX-License-Identifier: MIT
#include "client.hpp"

#include "library_thread.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace ufomem::service {
namespace {

constexpr std::uint64_t conversation = 1;
constexpr std::uint64_t process = 2;

} // namespace

Result<std::shared_ptr<Client>> Client::connect(const std::string &path, Log log)
{
    std::shared_ptr<Client> client(new Client(path, std::move(log)));
    if (Status status = client->open(); !status.ok())
        return status;
    return client;
}

Status Client::open() noexcept
{
    Result<kernel::Userfaultfd> faults = kernel::Userfaultfd::open(pagemap_, 0, kernel::Faults::as_messages);
    if (!faults.ok())
        return faults.status();
    faults_ = std::move(*faults);
    Result<kernel::UnixSocket> socket = kernel::UnixSocket::connect_to(path_.c_str());
    if (!socket.ok())
        return socket.status();
    socket_ = std::move(*socket);
    if (Status status = socket_.limit_waiting(std::chrono::seconds(10)); !status.ok())
        return status;
    Result<Welcome> welcome = ask<Welcome>(make<Hello>(0), faults_.descriptor(), &service_);
    if (!welcome.ok())
        return welcome.status();
    Result<kernel::EventQueue> ends = kernel::EventQueue::make();
    if (!ends.ok())
        return ends.status();
    ends_ = std::move(*ends);
    if (Status status = ends_.add_end(socket_.descriptor(), conversation); !status.ok())
        return status;
    if (Status status = ends_.add(service_.descriptor(), process, kernel::EventQueue::Report::always); !status.ok())
        return status;
    try {
        watcher_ = start_library_thread("ufomem-client", this, [this] { watch(); });
    } catch (...) {
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

void Client::watch() noexcept
{
    std::uint64_t tag = 0;
    while ((tag = ends_.wait()) == kernel::EventQueue::nothing) {
    }
    if (tag != kernel::EventQueue::stopped)
        lose();
}

/// From now on every access to the service's memory is an error.  The userfaultfd is still open, so that there was no moment in which an absent page
/// would have been zeros; who sleeps in a fault is woken when there is something else in its place.
void Client::lose() noexcept
{
    {
        const GuardedLock lock(regions_mutex_);
        lost_.store(true, std::memory_order_release);
        for (const ClientRegion *region : regions_) {
            (void)kernel::map_beyond_end(region->mapping_.data(), region->mapping_.size());
            faults_.wake(region->mapping_.data(), region->mapping_.size());
        }
    }
    log_(LogLevel::error, "the service at '%s' has ended: its arrays cannot be read any more", path_.c_str());
}

Status Client::lost_status() const noexcept { return fail(Code::closed, "the service at '%s' has ended; connect again, and open its arrays anew", path_.c_str()); }

/// Asks the service, and waits for what it says.  With `carried`, an answer comes with a descriptor.
template <class Answer, class Request> Result<Answer> Client::ask(Request request, int descriptor, kernel::File *carried) noexcept
{
    const GuardedLock lock(asking_);
    if (lost())
        return lost_status();
    request.head.number = next_number_++;
    if (Status status = socket_.send(bytes_of(request), descriptor); !status.ok())
        return status;
    for (;;) {
        alignas(Head) std::array<std::byte, most_bytes> room;
        Result<kernel::UnixSocket::Received> received = socket_.receive(room);
        if (!received.ok())
            return received.status();
        if (received->size == 0)
            return fail(Code::closed, "the service at '%s' has ended the conversation", path_.c_str());
        const std::span<const std::byte> message = std::span(room).first(received->size);
        Result<Kind> kind = kind_of(message, static_cast<bool>(received->descriptor));
        if (!kind.ok())
            return kind.status();
        const std::uint32_t number = read_as<Head>(message).number;
        if (*kind == Kind::failed && (number == request.head.number || number == 0))
            return report(read_as<Failed>(message));
        if (number != request.head.number)
            continue; // what was waited for in vain before
        if (*kind != Answer::kind)
            return fail(Code::system, "the service at '%s' gives an answer to another question", path_.c_str());
        if (carried)
            *carried = std::move(received->descriptor);
        return read_as<Answer>(message);
    }
}

template <class Request> Result<std::unique_ptr<ClientRegion>> Client::open_region(const Request &request, int descriptor)
{
    std::unique_ptr<ClientRegion> region(new ClientRegion);
    kernel::File memory;
    Result<Opened> opened = ask<Opened>(request, descriptor, &memory);
    if (!opened.ok())
        return opened.status();
    region->number_ = opened->region;
    region->client_ = shared_from_this(); // its end tells the service
    if (opened->bytes == 0 || opened->bytes > SIZE_MAX / 2 || opened->chunk_bytes == 0 || opened->element_size == 0)
        return fail(Code::system, "the service at '%s' offers a region of no sense", path_.c_str());
    region->bytes_ = opened->bytes;
    region->element_size_ = opened->element_size;
    region->chunk_bytes_ = opened->chunk_bytes;
    {
        const GuardedLock lock(regions_mutex_);
        if (lost())
            return lost_status();
        regions_.reserve(regions_.size() + 1);
        Result<kernel::Mapping> mapping = kernel::map_readable(memory.descriptor(), round_up(opened->bytes, kernel::page_size()), kernel::Sharing::private_);
        if (!mapping.ok())
            return mapping.status();
        if (Status status = faults_.watch_absent(mapping->data(), mapping->size()); !status.ok())
            return status;
        region->mapping_ = std::move(*mapping);
        regions_.push_back(region.get());
    }
    Attach attach = make<Attach>(0);
    attach.region = region->number_;
    attach.address = reinterpret_cast<std::uint64_t>(region->mapping_.data());
    if (Result<Done> attached = ask<Done>(attach, -1, nullptr); !attached.ok())
        return attached.status();
    return region;
}

Result<std::unique_ptr<ClientRegion>> Client::open_file(int file, std::size_t chunk_bytes)
{
    OpenFile request = make<OpenFile>(0);
    request.chunk_bytes = chunk_bytes;
    if (file < 0)
        return fail(Code::invalid, "%d is not a descriptor of a file", file);
    return open_region(request, file);
}

Result<std::unique_ptr<ClientRegion>> Client::open_name(const std::string &name)
{
    OpenName request = make<OpenName>(0);
    if (name.size() >= sizeof request.name)
        return fail(Code::invalid, "the name '%s' is longer than %zu characters", name.c_str(), sizeof request.name - 1);
    std::copy(name.begin(), name.end(), request.name);
    return open_region(request, -1);
}

/// First the memory goes, so that the service answers no fault in whatever comes there next.
void Client::close_region(ClientRegion &region) noexcept
{
    {
        const GuardedLock lock(regions_mutex_);
        regions_.erase(std::remove(regions_.begin(), regions_.end(), &region), regions_.end());
        region.mapping_.reset();
    }
    Detach detach = make<Detach>(0);
    detach.region = region.number_;
    (void)ask<Done>(detach, -1, nullptr);
}

ClientRegion::~ClientRegion()
{
    if (client_)
        client_->close_region(*this);
}

Status ClientRegion::check(ByteRange range) const noexcept
{
    if (range.offset <= bytes_ && range.length <= bytes_ - range.offset)
        return {};
    return fail(Code::range, "bytes [%zu, %zu + %zu) leave the array of %zu bytes", range.offset, range.offset, range.length, bytes_);
}

Status ClientRegion::touch(ByteRange range) const noexcept
{
    if (Status status = check(range); !status.ok())
        return status;
    const std::size_t page = kernel::page_size();
    const std::size_t begin = range.offset / page * page;
    const std::size_t end = round_up(range.end(), page);
    const int error = range.length == 0 ? 0 : kernel::populate(mapping_.data() + begin, end - begin);
    if (error == 0)
        return {};
    if (client_->lost())
        return client_->lost_status();
    return fail_errno(Code::populate, error, "the service cannot bring in bytes [%zu, %zu) of the array", range.offset, range.end());
}

Status ClientRegion::read(ByteRange range, std::byte *out) const noexcept
{
    if (Status status = touch(range); !status.ok())
        return status;
    if (kernel::copy_guarded(out, mapping_.data() + range.offset, range.length))
        return {};
    return client_->lost() ? client_->lost_status() : fail(Code::populate, "the service cannot bring in bytes [%zu, %zu) of the array", range.offset, range.end());
}

Status ClientRegion::forget_failures(ByteRange range) const noexcept
{
    if (Status status = check(range); !status.ok())
        return status;
    Retry retry = make<Retry>(0);
    retry.region = number_;
    retry.offset = range.offset;
    retry.bytes = range.length;
    if (Result<Done> done = client_->ask<Done>(retry, -1, nullptr); !done.ok())
        return done.status();
    // A failure stands in this process's own page table, for all pages of the chunk.
    const std::size_t begin = range.offset / chunk_bytes_ * chunk_bytes_;
    const std::size_t end = std::min(round_up(range.end(), chunk_bytes_), mapping_.size());
    return begin < end ? kernel::drop(mapping_.data() + begin, end - begin) : Status{};
}

} // namespace ufomem::service
