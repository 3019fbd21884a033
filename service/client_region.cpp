// SPDX-License-Identifier: MIT
#include "client_region.hpp"

#include "client.hpp"
#include "delivery/probe.hpp"
#include "signal_guard.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

namespace ufomem::service {
namespace {

constexpr int most_attempts = 100; // at what may leave between two looks

template <class Request> Request about(ByteRange range, std::uint64_t region = 0) noexcept
{
    Request request = make<Request>(0);
    request.region = region;
    request.offset = range.offset;
    request.bytes = range.length;
    return request;
}

} // namespace

ClientRegion::~ClientRegion() { client_->close_region(*this); }

template <class Answer, class Request> Result<Answer> ClientRegion::ask(Request request) noexcept
{
    std::shared_ptr<Connection> connection;
    {
        const GuardedLock lock(client_->mutex_);
        if (attached_)
            connection = client_->connection_;
        request.region = number_;
    }
    return connection ? connection->ask<Answer>(request) : gone();
}

Status ClientRegion::gone() const noexcept
{
    return client_->lost() ? client_->lost_status() : fail(Code::closed, "the service has not got this array any more, or another one by its name; open it again");
}

Result<Opened> ClientRegion::open(Connection &connection, kernel::File &memory) noexcept
{
    if (content_.file) {
        OpenFile request = make<OpenFile>(0);
        request.chunk_bytes = content_.chunk_bytes;
        return connection.ask<Opened>(request, content_.file.descriptor(), &memory);
    }
    OpenName request = make<OpenName>(0);
    std::copy(content_.name.begin(), content_.name.end(), request.name); // shorter than that: Client::open_name()
    return connection.ask<Opened>(request, -1, &memory);
}

Status ClientRegion::attach(Connection &connection, bool &lasting) noexcept
{
    lasting = false;
    if (mapping_ && content_.file) { // it has been attached before
        Result<FileVersion> version = FileVersion::of(content_.file);
        if (!version.ok())
            return version.status();
        if (*version != content_.version) {
            lasting = true;
            return fail(Code::file, "the file has been changed since it was opened; open it again");
        }
    }
    kernel::File memory;
    Result<Opened> opened = open(connection, memory);
    if (!opened.ok())
        return opened.status();
    number_ = opened->region;
    Status status = take(connection, *opened, memory, lasting);
    if (!status.ok()) {
        const Failure failure = Failure::of_this_thread(status);
        Detach detach = make<Detach>(0);
        detach.region = number_;
        (void)connection.ask<Done>(detach);
        return failure.report();
    }
    attached_ = true;
    pin_again(connection);
    return {};
}

/// Maps what the service has opened.
Status ClientRegion::take(Connection &connection, const Opened &opened, const kernel::File &memory, bool &lasting) noexcept
{
    lasting = true;
    if (opened.bytes == 0 || opened.bytes > SIZE_MAX / 2 || opened.chunk_bytes == 0 || opened.element_size == 0)
        return fail(Code::system, "the service offers an array of no sense");
    if (mapping_ && (opened.bytes != bytes_ || opened.element_size != element_size_))
        return fail(Code::file, "the array has %llu elements of %llu bytes now, and had %zu of %zu; open it again",
                    static_cast<unsigned long long>(opened.bytes / opened.element_size), static_cast<unsigned long long>(opened.element_size),
                    bytes_ / element_size_, element_size_);
    if (!mapping_) {
        bytes_ = opened.bytes;
        element_size_ = opened.element_size;
        chunk_bytes_ = opened.chunk_bytes;
        Result<kernel::Mapping> reserved = kernel::map_private(round_up(bytes_, kernel::page_size()), kernel::Protection::none, content_.address);
        if (!reserved.ok())
            return reserved.status();
        mapping_ = std::move(*reserved);
    }
    lasting = false;
    loads_only_.store(!connection.serves_system_calls(), std::memory_order_relaxed);
    Status status = map(connection, memory);
    if (status.ok())
        return {};
    const Failure failure = Failure::of_this_thread(status);
    (void)kernel::map_beyond_end(mapping_.data(), mapping_.size());
    return failure.report();
}

/// Nobody can read the memory before it is registered: absent pages would be zeros, for all clients.  Nor before the service knows where it is.
Status ClientRegion::map(Connection &connection, const kernel::File &memory) noexcept
{
    if (Status status = kernel::map_hidden_over(mapping_.data(), mapping_.size(), memory.descriptor()); !status.ok())
        return status;
    if (Status status = connection.faults().watch_absent(mapping_.data(), mapping_.size()); !status.ok())
        return status;
    Attach attach = make<Attach>(0);
    attach.region = number_;
    attach.address = reinterpret_cast<std::uint64_t>(mapping_.data());
    if (Result<Done> attached = connection.ask<Done>(attach); !attached.ok())
        return attached.status();
    return kernel::protect(mapping_.data(), mapping_.size(), kernel::Protection::read);
}

bool ClientRegion::lose(const kernel::Userfaultfd &faults) noexcept
{
    const bool beyond_end = kernel::map_beyond_end(mapping_.data(), mapping_.size()).ok();
    // Without memory for that: who sleeps is woken nevertheless, and gets the other signal.
    if (beyond_end || kernel::protect(mapping_.data(), mapping_.size(), kernel::Protection::none).ok())
        faults.wake(mapping_.data(), mapping_.size());
    if (beyond_end)
        attached_ = false;
    return beyond_end;
}

Status ClientRegion::note_failure(int error, ByteRange range) const noexcept
{
    {
        const GuardedLock lock(client_->mutex_);
        if (!attached_ || client_->lost())
            return gone();
    }
    return fail_errno(Code::populate, error, "the service cannot bring in bytes [%zu, %zu) of the array", range.offset, range.end());
}

Status ClientRegion::touch(ByteRange range) const noexcept
{
    if (range.length == 0)
        return {};
    const std::size_t page = kernel::page_size();
    const std::size_t begin = range.offset / page * page;
    const std::size_t size = round_up(range.end(), page) - begin;
    if (loads_only_.load(std::memory_order_relaxed)) {
        if (Status status = prepare_probes(); !status.ok())
            return status;
        return probe(mapping_.data() + begin, size, page) ? Status{} : note_failure(EFAULT, range);
    }
    const int error = kernel::populate(mapping_.data() + begin, size);
    return error == 0 ? Status{} : note_failure(error, range);
}

Status ClientRegion::read(ByteRange range, std::byte *out) const noexcept
{
    // What only loads bring in may have left again when the system call comes to copy it: little at a time has not.
    constexpr std::size_t little = 64 * 1024;
    const bool loads_only = loads_only_.load(std::memory_order_relaxed);
    const std::size_t most = loads_only ? little : range.length;
    for (int attempt = 0; range.length != 0;) {
        const ByteRange part{range.offset, std::min(most, range.length)};
        if (Status status = touch(part); !status.ok())
            return status;
        if (kernel::copy_guarded(out, mapping_.data() + part.offset, part.length)) {
            out += part.length;
            range = {part.end(), range.length - part.length};
            attempt = 0;
        } else if (!loads_only || ++attempt == most_attempts) {
            return note_failure(EFAULT, part);
        }
    }
    return {};
}

Status ClientRegion::pin(ByteRange range)
{
    if (range.length == 0)
        return {};
    // Between our look and the service's some may leave again.
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        if (Status status = touch(range); !status.ok())
            return status;
        {
            const GuardedLock lock(client_->mutex_);
            pins_.reserve(pins_.size() + 1);
        }
        Result<Pinned> pinned = ask<Pinned>(about<Pin>(range));
        if (!pinned.ok())
            return pinned.status();
        if (pinned->complete == 0) {
            if (attempt >= most_attempts / 10) // somebody who is making room may have lost the processor
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            continue;
        }
        const GuardedLock lock(client_->mutex_);
        pins_.push_back(range);
        return {};
    }
    return fail(Code::budget, "bytes [%zu, %zu) leave the service's memory again before they are pinned; is its budget large enough?", range.offset, range.end());
}

/// By a service that does not know of them.
void ClientRegion::pin_again(Connection &connection) noexcept
{
    for (const ByteRange &range : pins_)
        for (int attempt = 0; attempt < most_attempts && touch(range).ok(); ++attempt)
            if (Result<Pinned> pinned = connection.ask<Pinned>(about<Pin>(range, number_)); !pinned.ok() || pinned->complete != 0)
                break;
}

Status ClientRegion::unpin(ByteRange range) noexcept
{
    if (range.length == 0)
        return {};
    {
        const GuardedLock lock(client_->mutex_);
        const auto found = std::find(pins_.begin(), pins_.end(), range);
        if (found == pins_.end())
            return fail(Code::not_pinned, "bytes [%zu, %zu) are not pinned; unpin what ufo_pin was called for, once", range.offset, range.end());
        pins_.erase(found);
    }
    (void)ask<Done>(about<Unpin>(range)); // a service that has ended has no pins either
    return {};
}

Status ClientRegion::forget_failures(ByteRange range) noexcept
{
    if (Result<Done> done = ask<Done>(about<Retry>(range)); !done.ok())
        return done.status();
    // A failure stands in this process's own page table, for all pages of the chunk.
    const std::size_t begin = range.offset / chunk_bytes_ * chunk_bytes_;
    const std::size_t end = std::min(round_up(range.end(), chunk_bytes_), mapping_.size());
    return begin < end ? kernel::drop(mapping_.data() + begin, end - begin) : Status{};
}

Status ClientRegion::unmap(ByteRange range) noexcept
{
    const std::size_t page = kernel::page_size();
    const std::size_t begin = round_up(range.offset, page);
    const std::size_t end = range.end() == bytes_ ? mapping_.size() : range.end() / page * page;
    return begin < end ? kernel::drop(mapping_.data() + begin, end - begin) : Status{};
}

void ClientRegion::will_need(ByteRange range) noexcept
{
    (void)ask<Done>(about<WillNeed>(range)); // a hint
}

Result<RegionFigures> ClientRegion::figures() noexcept
{
    Result<RegionFiguresAnswer> answer = ask<RegionFiguresAnswer>(make<RegionStats>(0));
    if (!answer.ok())
        return answer.status();
    return answer->figures;
}

} // namespace ufomem::service
