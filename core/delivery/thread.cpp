// SPDX-License-Identifier: MIT
#include "thread.hpp"

#include "../kernel/clock.hpp"
#include "../kernel/futex.hpp"
#include "../kernel/moment.hpp"
#include "../kernel/process.hpp"
#include "../library_thread.hpp"
#include "unmapping.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <thread>

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ufomem {
namespace {

/// Faults of threads that fill something themselves get a worker even beyond the limit, but not without end.
constexpr std::size_t hard_limit = 4096;

/// What poison does, where there is no way to poison: the thread sleeps in the fault, and signals wake it.  Returns when it has left the fault.  Not
/// in a system call, whose faults no signal ends, nor if somebody else has answered it meanwhile.
void raise_bus_error(pid_t thread) noexcept
{
    constexpr unsigned most = 60;
    if (!kernel::may_sleep_in_fault(thread))
        return;
    syscall(SYS_tgkill, getpid(), thread, SIGBUS);
    for (unsigned i = 0; i < most && kernel::is_about_to_take(thread, SIGBUS); ++i)
        kernel::wait_a_moment(i, 1'000'000);
}

/// Whether this thread is one of those that read, or had to stop being one in the middle of a message.
enum class Reading : std::uint8_t { no, yes, interrupted };
thread_local Reading t_reading = Reading::no;
/// Of this thread; every eighth of the short ones is timed.
thread_local constinit unsigned t_fills = 0;
constexpr unsigned fills_until_timed = 8;

} // namespace

ThreadDelivery::ThreadDelivery(Engine &engine, const kernel::Userfaultfd &faults, const Registry &registry,
                               unsigned most_workers)
    : engine_(engine),
      faults_(faults),
      registry_(registry),
      most_workers_(most_workers),
      readers_wanted_(std::min<unsigned>(
          most_workers, static_cast<unsigned>(std::clamp<std::size_t>(processors_.count(), 2, most_readers)))),
      postponed_(engine.heap),
      standby_(*this, reading_)
{
    for (unsigned i = 0; i < readers_wanted_ && processors_.count() == readers_wanted_; ++i)
        homes_[i] = {processors_.only(i), processors_};
}

Status ThreadDelivery::start() noexcept
{
    if (Status status = doorbell_.install(faults_); !status.ok())
        return status;
    for (unsigned i = 0; i < readers_wanted_; ++i) {
        const Home *home = homes_[i].one.count() != 0 ? &homes_[i] : nullptr;
        reading_.fetch_add(1);
        if (start_thread([this, home] { run(home); }))
            continue;
        reading_.fetch_sub(1);
        if (i < 2)
            return fail(Code::limit,
                        "cannot start the threads that answer faults; at least two are needed (ulimit -u?)");
        break;
    }
    if (Status status = standby_.start(&engine_); !status.ok())
        return status;
    (void)start_thread([this] { // it goes on without him, too
        if (rest())
            run(nullptr);
        else
            workers_.fetch_sub(1);
    });
    return {};
}

void ThreadDelivery::stop() noexcept
{
    stopping_.store(true);
    standby_.stop();
    while (starting_.load())
        std::this_thread::yield();
    calls_to_work_.fetch_add(1);
    kernel::futex_wake_all(calls_to_work_);
    while (workers_.load() != 0) {
        if (reading_.load() > 0)
            doorbell_.ring();
        else
            std::this_thread::yield();
    }
    for (kernel::Thread &thread : threads_)
        thread.join();
    threads_.clear();
}

/// Never with the mutex held, or a fault in hands: the thread that waits for the answer may be inside of malloc.
template <class Body> bool ThreadDelivery::start_thread(Body body) noexcept
{
    workers_.fetch_add(1);
    try {
        std::list<kernel::Thread> started(1);
        started.front() = start_library_thread("ufomem-worker", &engine_, body);
        const GuardedLock lock(mutex_);
        threads_.splice(threads_.end(), started);
        return true;
    } catch (...) {
        workers_.fetch_sub(1);
        return false;
    }
}

/// One who rests reads again.  False if nobody rests.
bool ThreadDelivery::call_resting() noexcept
{
    const GuardedLock lock(mutex_);
    if (called_ == resting_)
        return false;
    ++called_;
    reading_.fetch_add(1);
    calls_to_work_.fetch_add(1);
    kernel::futex_wake_all(calls_to_work_);
    return true;
}

void ThreadDelivery::add_one() noexcept
{
    if (stopping_.load() || starting_.load() || call_resting() || !may_fill_more(hard_limit))
        return;
    starting_.store(true);
    const bool started = start_thread([this] {
        reading_.fetch_add(1); // not before it is there: the last who reads has to know
        starting_.store(false);
        run(nullptr);
    });
    if (!started)
        starting_.store(false);
}

void ThreadDelivery::ensure_one() noexcept
{
    if (t_reading == Reading::yes) {
        t_reading = Reading::interrupted;
        reading_.fetch_sub(1);
    }
    if (reading_.load() <= 0 && !stopping_.load() && !call_resting())
        standby_.call();
}

/// After a message, or a part of it, that may have called for ensure_one().
void ThreadDelivery::read_again() noexcept
{
    if (t_reading == Reading::interrupted)
        reading_.fetch_add(1);
    t_reading = Reading::yes;
}

/// More readers than wanted would only get in each other's way.  Those that have a processor of their own stay.
bool ThreadDelivery::leave_to_rest() noexcept
{
    if (t_home)
        return false;
    int readers = reading_.load();
    while (readers > static_cast<int>(readers_wanted_))
        if (reading_.compare_exchange_weak(readers, readers - 1)) {
            if (!stopping_.load())
                return true;
            reading_.fetch_add(1); // the bell may have been passed on to us
            return false;
        }
    return false;
}

/// Until called.  False at the end.
bool ThreadDelivery::rest() noexcept
{
    {
        const GuardedLock lock(mutex_);
        ++resting_;
    }
    for (;;) {
        const std::uint32_t seen = calls_to_work_.load();
        {
            const GuardedLock lock(mutex_);
            if (called_ != 0) {
                --called_;
                --resting_;
                return true;
            }
        }
        if (stopping_.load())
            return false;
        kernel::futex_wait(calls_to_work_, seen, 1000);
    }
}

void ThreadDelivery::run(const Home *home) noexcept
{
    t_reading = Reading::yes;
    t_home = home;
    if (home)
        home->one.use();
    for (;;) {
        Received received;
        if (!receive(received))
            continue;
        const kernel::FaultMessage &message = received.message;
        if (message.unmapped != 0) {
            reclaim_unmapped(registry_, message);
            read_again();
            continue;
        }
        if (doorbell_.is_rung(message) && !stopping_.load()) {
            doorbell_.answer(message); // by somebody who touches all memory there is, as mlockall() does
            read_again();
            continue;
        }
        if (doorbell_.is_rung(message)) {
            t_reading = Reading::no;
            if (reading_.fetch_sub(1) == 1)
                doorbell_.answer(message);
            else
                doorbell_.pass_on(message);
            break;
        }
        do {
            const Refusals::Pending pending(refusals_, received.message.thread);
            answer(received);
            read_again();
        } while (take_postponed(received));
        if (leave_to_rest() && !rest())
            break;
    }
    workers_.fetch_sub(1);
}

bool ThreadDelivery::receive(Received &received) noexcept
{
    received.time.asked = refusals_.now();
    const bool is_there = !faults_.read({&received.message, 1}).empty();
    received.time.got = refusals_.now();
    constexpr timespec moment{0, 1'000'000};
    if (!is_there) // somebody has closed the descriptor, say: not a processor for that
        nanosleep(&moment, nullptr);
    return is_there;
}

void ThreadDelivery::wake(const kernel::FaultMessage &message) const noexcept
{
    const std::size_t page = kernel::page_size();
    faults_.wake(message.address - reinterpret_cast<std::uintptr_t>(message.address) % page, page);
}

/// Its region has just ended, and the thread finds out for itself; or the program has moved the memory, and has to do without what was absent.
void ThreadDelivery::answer_stray(const kernel::FaultMessage &message) const noexcept
{
    const std::size_t page = kernel::page_size();
    std::byte *const start = message.address - reinterpret_cast<std::uintptr_t>(message.address) % page;
    if (message.write_protect)
        (void)faults_.write_protect(start, page, false);
    else
        (void)faults_.poison(start, page);
    wake(message);
}

void ThreadDelivery::answer(const Received &received) noexcept
{
    const kernel::FaultMessage &message = received.message;
    RegionHandle *handle = registry_.find(message.address);
    const RegionVisit region = handle ? visit_closing(handle) : RegionVisit{};
    if (!region || message.address < region->body() || !region->contains(message.address)) {
        answer_stray(message);
        return;
    }
    Region::Fault fault;
    fault.chunk = region->geometry().chunk_at(static_cast<std::size_t>(message.address - region->body()));
    fault.address = message.address;
    fault.access = message.write || message.write_protect ? Access::write : Access::read;
    fault.store_to_protected = message.write_protect;
    fault.thread = message.thread;
    Region::Answer given = region->answer_quickly(fault);
    const bool fills = given == Region::Answer::fill;
    if (fills) {
        read_again();
        const bool is_short = region->fill_pace().is_short();
        if (!stop_reading(received, is_short))
            return;
        given = fill(*region, fault, is_short);
    }
    refuse(received, given);
    if (fills) {
        reading_.fetch_add(1);
        t_reading = Reading::yes;
    }
}

void ThreadDelivery::refuse(const Received &received, Region::Answer given) noexcept
{
    const kernel::FaultMessage &message = received.message;
    if (given == Region::Answer::refused)
        refusals_.refuse(message.thread, message.address, received.time, [&] { raise_bus_error(message.thread); }, [&] { wake(message); });
}

/// By somebody who has stopped reading.
Region::Answer ThreadDelivery::fill(Region &region, const Region::Fault &fault, bool is_short) noexcept
{
    const std::uint32_t stepped_in = standby_.times_stepped_in();
    const bool timed = !is_short || ++t_fills % fills_until_timed == 0;
    const std::int64_t start = timed ? kernel::now_nanoseconds() : 0;
    std::optional<AwayFromHome> away;
    if (!is_short)
        away.emplace();
    const Region::Answer given = region.answer_by_fill(fault);
    away.reset();
    if (timed)
        region.fill_pace().note(kernel::now_nanoseconds() - start);
    if (is_short && stepped_in != standby_.times_stepped_in())
        region.fill_pace().note_stuck();
    return given;
}

/// Stops being a reader, if there is or can be another one, or if it is for a short time.  Otherwise somebody who is busy now will answer the message.
bool ThreadDelivery::stop_reading(const Received &received, bool for_short) noexcept
{
    t_reading = Reading::no;
    if (reading_.fetch_sub(1) > 1)
        return true;
    if (for_short && may_fill_more(most_workers_)) { // so that there will be one, if need be
        standby_.watch();
        return true;
    }
    if (call_resting())
        return true;
    if (may_fill_more(WaitGraph::of_process().fills_any(received.message.thread) ? hard_limit : most_workers_)) {
        standby_.call();
        return true;
    }
    reading_.fetch_add(1);
    t_reading = Reading::yes;
    const GuardedLock lock(mutex_);
    try {
        postponed_.push_back(received);
        postponed_count_.fetch_add(1);
    } catch (...) { // no memory: the thread faults again, and the message comes again
        wake(received.message);
    }
    return false;
}

bool ThreadDelivery::take_postponed(Received &received) noexcept
{
    if (postponed_count_.load() == 0)
        return false;
    const GuardedLock lock(mutex_);
    if (postponed_.empty() || reading_.load() < 2) // the last reader would only postpone it again
        return false;
    received = postponed_.front();
    postponed_.pop_front();
    postponed_count_.fetch_sub(1);
    return true;
}

} // namespace ufomem
