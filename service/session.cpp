// SPDX-License-Identifier: MIT
#include "session.hpp"

#include "kernel/clock.hpp"

#include <array>

namespace ufomem::service {
namespace {

/// A number that no thread of this process has: those are positive.
pid_t stand_in_for(std::uint64_t client, pid_t thread)
{
    const std::uint64_t mixed = (client * 0x9e3779b97f4a7c15 + static_cast<std::uint64_t>(thread)) & 0x3fffffff;
    return -1 - static_cast<pid_t>(mixed);
}

} // namespace

Session::Session(Host &host, std::uint64_t number, kernel::UnixSocket socket)
    : host_(host), number_(number), socket_(std::move(socket)), peer_(socket_.peer()), process_(socket_.peer_process())
{
}

Status Session::begin() { return host_.threads.add(number_, Event::message, descriptor(), shared_from_this()); }

void Session::serve(Event event, FaultThreads &threads) noexcept
{
    if (event == Event::message)
        serve_message(threads);
    else
        serve_fault(threads);
}

bool Session::ask_again(std::uint64_t) noexcept { return host_.threads.report_again(number_, Event::message, descriptor()); }

/// What a request asks for may take long, as the end of what it held.
void Session::serve_message(FaultThreads &threads) noexcept
{
    const FaultThreads::Busy busy(threads, requests_, weak_from_this(), 0);
    if (!busy) {
        if (!busy.parked())
            dismiss();
        return;
    }
    {
        const GuardedLock lock(mutex_);
        if (over_)
            return;
        hearing_ = true;
    }
    bool goes_on = hear();
    std::map<std::uint64_t, Opened_> leaving;
    {
        const GuardedLock lock(mutex_);
        hearing_ = false;
        goes_on &= !over_;
        if (over_) // meanwhile, and it was left to us
            leaving.swap(regions_);
    }
    give_back(leaving);
    if (goes_on)
        (void)threads.report_again(number_, Event::message, descriptor());
    else
        socket_.shut_down(); // whoever waits for its end hears of it
}

bool Session::hear() noexcept
{
    alignas(Head) std::array<std::byte, most_message_bytes> room;
    Result<kernel::UnixSocket::Received> received = socket_.receive(room);
    if (!received.ok() || received->size == 0)
        return false;
    const std::span<const std::byte> message = std::span(room).first(received->size);
    Status status;
    try {
        status = received->cut_off ? misbehaves(fail(Code::invalid, "a message is longer than any should be, or comes with several descriptors"))
                 : received->refused ? fail(Code::limit, "the service has no descriptor left for what was sent to it; try again later, or raise its ulimit -n")
                                     : answer(message, std::move(received->descriptor));
    } catch (const std::bad_alloc &) {
        status = fail(Code::nomem, "the service has no memory for the request");
    } catch (...) {
        status = fail(Code::system, "the service could not do what was asked for");
    }
    if (status.ok())
        return true;
    const Failure failure = Failure::of_this_thread(status);
    const bool understood = !received->cut_off && message.size() >= sizeof(Head);
    const Failed failed = make_failed(understood ? read_as<Head>(message).number : 0, failure);
    host_.log(LogLevel::warning, "client %llu (process %d of user %u): %s", static_cast<unsigned long long>(number_), peer_.process, peer_.user, failure.text);
    const bool told = send(failed).ok();
    if (told && !misbehaved_)
        return true;
    dismiss();
    return false;
}

/// Its end is noticed by whoever waits for that.
void Session::dismiss() noexcept
{
    if (!dismissed_.exchange(true))
        host_.counts.dismissed.fetch_add(1, std::memory_order_relaxed);
    socket_.shut_down();
}

Status Session::answer(std::span<const std::byte> message, kernel::File descriptor)
{
    Result<Kind> kind = kind_of(message, static_cast<bool>(descriptor));
    if (!kind.ok())
        return misbehaves(kind.status());
    if ((*kind == Kind::hello) == (faults_ != nullptr))
        return misbehaves(fail(Code::invalid, "a session begins with one greeting"));
    switch (*kind) {
    case Kind::hello:
        return greet(read_as<Hello>(message), std::move(descriptor));
    case Kind::open_file: {
        const auto request = read_as<OpenFile>(message);
        constexpr std::uint64_t most = 1ULL << 30;
        if (request.chunk_bytes > most)
            return fail(Code::overflow, "chunks of %llu bytes are too large to be shared", static_cast<unsigned long long>(request.chunk_bytes));
        Result<std::shared_ptr<ServedRegion>> region = host_.catalogue.file(std::move(descriptor), peer_.user, request.chunk_bytes);
        return region.ok() ? offer(request.head.number, *region) : region.status();
    }
    case Kind::open_name: {
        const auto request = read_as<OpenName>(message);
        if (!is_name(request.name))
            return fail(Code::invalid, "a name has up to %zu printable characters", OpenName::most - 1);
        Result<std::shared_ptr<ServedRegion>> region = host_.catalogue.named(request.name);
        return region.ok() ? offer(request.head.number, *region) : region.status();
    }
    case Kind::attach:
        return attach(read_as<Attach>(message));
    case Kind::retry:
        return retry(read_as<Retry>(message));
    case Kind::detach:
        return detach(read_as<Detach>(message));
    case Kind::pin:
        return pin(read_as<Pin>(message));
    case Kind::unpin:
        return unpin(read_as<Unpin>(message));
    case Kind::will_need:
        return will_need(read_as<WillNeed>(message));
    case Kind::region_stats:
        return tell_figures(read_as<RegionStats>(message));
    case Kind::server_stats: {
        ServerFiguresAnswer told = make<ServerFiguresAnswer>(read_as<ServerStats>(message).head.number);
        told.figures = host_.figures();
        return send(told);
    }
    case Kind::welcome:
    case Kind::opened:
    case Kind::done:
    case Kind::failed:
    case Kind::pinned:
    case Kind::region_figures:
    case Kind::server_figures:
        break;
    }
    return misbehaves(fail(Code::invalid, "a client does not send messages of kind %u", static_cast<unsigned>(*kind)));
}

Status Session::greet(const Hello &hello, kernel::File descriptor)
{
    Result<kernel::ForeignUserfaultfd> faults = kernel::ForeignUserfaultfd::adopt(std::move(descriptor));
    if (!faults.ok())
        return misbehaves(faults.status());
    {
        const GuardedLock lock(mutex_);
        faults_ = std::make_shared<const kernel::ForeignUserfaultfd>(std::move(*faults)); // before the first fault is served
    }
    if (Status status = host_.threads.add(number_, Event::fault, faults_->descriptor(), shared_from_this()); !status.ok())
        return misbehaves(status);
    Welcome welcome = make<Welcome>(hello.head.number);
    welcome.client = number_;
    return send(welcome, host_.process.descriptor());
}

Status Session::offer(std::uint32_t number, const std::shared_ptr<ServedRegion> &region)
{
    const Geometry &geometry = region->geometry();
    const int memory = region->audience().memory().readable().descriptor();
    Opened opened = make<Opened>(number);
    opened.region = next_region_++;
    opened.bytes = geometry.body_bytes();
    opened.element_size = geometry.element_size();
    opened.chunk_bytes = geometry.chunk_bytes();
    {
        const GuardedLock lock(mutex_);
        if (regions_.size() >= host_.limits.regions)
            return fail(Code::limit, "the client has %zu shared regions, as many as it may; free some first", regions_.size());
        const std::uint64_t bytes = geometry.mapped_body_bytes();
        if (mapped_bytes_ > host_.limits.mapped_bytes || bytes > host_.limits.mapped_bytes - mapped_bytes_)
            return fail(Code::limit, "an array of %llu bytes would be more than a client may have mapped: of %llu bytes it has %llu; free some regions first",
                        static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(host_.limits.mapped_bytes),
                        static_cast<unsigned long long>(mapped_bytes_));
        regions_.emplace(opened.region, Opened_{region, nullptr, {}});
        mapped_bytes_ += bytes;
    }
    Status status = send(opened, memory);
    if (!status.ok()) { // the client does not know of it
        const GuardedLock lock(mutex_);
        regions_.erase(opened.region);
        mapped_bytes_ -= geometry.mapped_body_bytes();
    }
    return status;
}

Status Session::attach(const Attach &request)
{
    Opened_ *opened = nullptr; // which stays where it is for as long as this message is being answered
    {
        const GuardedLock lock(mutex_);
        const auto found = regions_.find(request.region);
        if (found == regions_.end() || found->second.attachment)
            return fail(Code::invalid, "region %llu is not there to be attached", static_cast<unsigned long long>(request.region));
        const std::size_t size = found->second.region->geometry().mapped_body_bytes();
        constexpr std::uint64_t address_end = 1ULL << 56;
        if (request.address % kernel::page_size() != 0 || request.address >= address_end || size > address_end - request.address)
            return fail(Code::invalid, "a region cannot be mapped at %llx", static_cast<unsigned long long>(request.address));
        opened = &found->second;
    }
    auto attachment = std::make_shared<Attachment>(opened->region, faults_, request.address);
    attachment->join(); // before it is found: who has not joined is never woken
    {
        const GuardedLock lock(mutex_);
        opened->attachment = std::move(attachment);
    }
    return send(make<Done>(request.head.number));
}

Status Session::detach(const Detach &request)
{
    Opened_ leaving; // ends outside of the lock
    {
        const GuardedLock lock(mutex_);
        const auto found = regions_.find(request.region);
        if (found == regions_.end())
            return fail(Code::invalid, "region %llu is not open", static_cast<unsigned long long>(request.region));
        leaving = std::move(found->second);
        regions_.erase(found);
        mapped_bytes_ -= leaving.region->geometry().mapped_body_bytes();
    }
    give_back(leaving);
    return send(make<Done>(request.head.number));
}

void Session::refuse_late() noexcept
{
    std::vector<std::shared_ptr<Attachment>> attachments;
    {
        const GuardedLock lock(mutex_);
        try {
            for (const auto &[number, opened] : regions_)
                if (opened.attachment)
                    attachments.push_back(opened.attachment);
        } catch (...) { // no memory: those that are left have their turn next time
        }
    }
    const std::int64_t since = kernel::now_nanoseconds() - host_.limits.answer_milliseconds * 1'000'000LL;
    stop_counting_late(since);
    std::size_t count = 0;
    for (const std::shared_ptr<Attachment> &attachment : attachments)
        if (!attachment->refuse_since(since, count))
            dismiss();
    host_.counts.late.fetch_add(count, std::memory_order_relaxed);
    if (count != 0)
        host_.log(LogLevel::error, "client %llu: %zu faults have not been answered in %u ms, and end in an error; does a source stall?",
                  static_cast<unsigned long long>(number_), count, host_.limits.answer_milliseconds);
}

void Session::end() noexcept
{
    std::map<std::uint64_t, Opened_> leaving;
    std::shared_ptr<const kernel::ForeignUserfaultfd> faults;
    {
        const GuardedLock lock(mutex_);
        over_ = true;
        faults = faults_;
        if (!hearing_) // otherwise whoever answers a message sees to it
            leaving.swap(regions_);
    }
    host_.threads.remove(number_, Event::message, descriptor());
    if (faults)
        host_.threads.remove(number_, Event::fault, faults->descriptor());
    give_back(leaving);
}

void Session::give_back(const std::map<std::uint64_t, Opened_> &leaving) noexcept
{
    for (const auto &[number, opened] : leaving)
        give_back(opened);
}

std::shared_ptr<Attachment> Session::attached_at(std::uint64_t address) noexcept
{
    const GuardedLock lock(mutex_);
    for (const auto &[number, opened] : regions_)
        if (opened.attachment && opened.attachment->contains(address))
            return opened.attachment;
    return nullptr;
}

/// One fault at a time is read, and as soon as it has been, the next one may be read by another thread.
void Session::serve_fault(FaultThreads &threads) noexcept
{
    kernel::FaultMessage fault;
    const kernel::ForeignUserfaultfd::Got got = faults_->read(fault);
    if (got == kernel::ForeignUserfaultfd::Got::broken) {
        dismiss();
        return;
    }
    if (got != kernel::ForeignUserfaultfd::Got::message) {
        report_more_faults();
        return;
    }
    Answering answering{kernel::now_nanoseconds()};
    bool again = true;
    {
        const GuardedLock lock(mutex_);
        try {
            in_work_.push_back(&answering);
        } catch (...) { // no memory: it counts until its end, however late
        }
        held_back_ = ++answering_ >= host_.limits.faults_at_once;
        again = !held_back_;
    }
    if (again)
        report_more_faults();
    if (!answer_fault(fault, threads))
        dismiss(); // the client's library ends its threads' waiting
    finish(answering);
}

void Session::report_more_faults() noexcept { (void)host_.threads.report_again(number_, Event::fault, faults_->descriptor()); }

bool Session::answer_fault(const kernel::FaultMessage &fault, FaultThreads &threads) noexcept
{
    const auto address = reinterpret_cast<std::uint64_t>(fault.address);
    if (const std::shared_ptr<Attachment> attachment = attached_at(address))
        return attachment->answer(address, stand_in_for(number_, fault.thread), threads);
    // Memory that is not ours, or not any more: there will never be an answer.
    const std::size_t page = kernel::page_size();
    std::byte *const start = fault.address - address % page;
    const bool told = faults_->poison(start, page);
    faults_->wake(start, page);
    return told;
}

void Session::finish(Answering &answering) noexcept
{
    host_.counts.faults.fetch_add(1, std::memory_order_relaxed);
    bool again = false;
    {
        const GuardedLock lock(mutex_);
        std::erase(in_work_, &answering);
        answering_ -= answering.counts ? 1 : 0;
        again = held_back_ && !over_ && answering_ < host_.limits.faults_at_once;
        held_back_ = held_back_ && !again;
    }
    if (again)
        report_more_faults();
}

/// Who waited for these has got an error: their sources' stalling must not keep him from asking for something else.
void Session::stop_counting_late(std::int64_t since) noexcept
{
    bool again = false;
    {
        const GuardedLock lock(mutex_);
        for (Answering *const answering : in_work_)
            if (answering->counts && answering->since <= since) {
                answering->counts = false;
                --answering_;
            }
        again = held_back_ && !over_ && answering_ < host_.limits.faults_at_once;
        held_back_ = held_back_ && !again;
    }
    if (again)
        report_more_faults();
}

} // namespace ufomem::service
