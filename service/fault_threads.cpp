// SPDX-License-Identifier: MIT
#include "fault_threads.hpp"

#include "busy_waiting.hpp"
#include "kernel/clock.hpp"
#include "library_thread.hpp"

#include <algorithm>

namespace ufomem::service {

FaultThreads::FaultThreads(unsigned most, unsigned patience_milliseconds, std::size_t most_bytes)
    : most_(std::max(most, 2U)), patience_(patience_milliseconds * 1'000'000LL), most_bytes_(most_bytes) // one always waits
{
}

Status FaultThreads::start() noexcept
{
    Result<kernel::EventQueue> queue = kernel::EventQueue::make();
    if (!queue.ok())
        return queue.status();
    queue_ = std::move(*queue);
    const GuardedLock lock(mutex_);
    try {
        threads_.reserve(most_ + most_stuck());
        retired_.reserve(threads_.capacity());
        busy_.reserve(threads_.capacity());
    } catch (...) {
        return fail(Code::nomem, "no memory for the threads that answer faults");
    }
    if (!add_thread())
        return fail(Code::limit, "cannot start a thread that answers faults (ulimit -u?)");
    (void)add_thread();
    return {};
}

void FaultThreads::stop() noexcept
{
    std::vector<kernel::Thread> threads;
    std::vector<kernel::Thread> retired;
    {
        const GuardedLock lock(mutex_);
        if (stopping_)
            return;
        stopping_ = true;
        threads.swap(threads_);
        retired.swap(retired_);
    }
    if (!threads.empty())
        queue_.stop();
    for (std::vector<kernel::Thread> *const all : {&threads, &retired})
        for (kernel::Thread &thread : *all)
            thread.join();
}

FaultThreads::~FaultThreads() { stop(); }

std::size_t FaultThreads::count() noexcept
{
    const GuardedLock lock(mutex_);
    return threads_.size();
}

/// With the mutex held.
bool FaultThreads::add_thread() noexcept
{
    if (stopping_ || threads_.size() >= most_ + stuck_)
        return false;
    try {
        threads_.push_back(start_library_thread("ufomem-service", this, [this] { run(); })); // there is room
        return true;
    } catch (...) {
        return false;
    }
}

/// Ends the calling thread if it has replaced one that is not stuck any more.
bool FaultThreads::retire() noexcept
{
    const GuardedLock lock(mutex_);
    if (stopping_ || threads_.size() <= most_ + stuck_)
        return false;
    const auto own = std::find_if(threads_.begin(), threads_.end(), [](const kernel::Thread &thread) { return thread.is_caller(); });
    if (own == threads_.end() || retired_.size() == retired_.capacity())
        return false;
    retired_.push_back(std::move(*own));
    threads_.erase(own);
    return true;
}

/// With the mutex held.
void FaultThreads::note_stuck(std::int64_t now) noexcept
{
    for (Busy *const busy : busy_) {
        if (now - busy->since_ < patience_ || stuck_ == most_stuck())
            break;
        if (busy->stuck_)
            continue;
        busy->stuck_ = true;
        ++busy->share_.stalled;
        ++stuck_;
    }
}

/// Threads that may become busy.  With the mutex held.
unsigned FaultThreads::free() const noexcept
{
    const auto at_work = static_cast<unsigned>(busy_.size()) - stuck_;
    return at_work + 1 < most_ ? most_ - 1 - at_work : 0;
}

/// With the mutex held.
bool FaultThreads::may_begin(const Share &share) const noexcept
{
    if (free() == 0)
        return false;
    if (share.stalled != 0 && (share.at_work != share.stalled || share.stalled >= most_stuck_of_one()))
        return false;
    const std::size_t bytes = (share.at_work + 1) * share.bytes;
    const std::size_t left = most_bytes_ - std::min(bytes_, most_bytes_);
    const bool first = share.at_work == 0 && (share.bytes <= left || bytes_ == 0);
    return first || (share.at_work < free() / 2 && bytes <= left / 2);
}

/// The one that has waited longest, of those that may begin.  False if there is none.
bool FaultThreads::tell_next_parked() noexcept
{
    for (;;) {
        std::shared_ptr<Parked> who; // told, and perhaps ended, without the lock
        std::uint64_t what = 0;
        {
            const GuardedLock lock(mutex_);
            const auto next = std::find_if(parked_.begin(), parked_.end(), [this](const Waiting &waiting) { return may_begin(*waiting.share); });
            if (next == parked_.end())
                return false;
            who = next->who.lock();
            what = next->what;
            parked_.erase(next);
        }
        if (who && who->ask_again(what))
            return true;
    }
}

void FaultThreads::tick(std::size_t most_bytes) noexcept
{
    std::vector<kernel::Thread> retired;
    std::size_t most = 0;
    {
        const GuardedLock lock(mutex_);
        most_bytes_ = most_bytes;
        note_stuck(kernel::now_nanoseconds());
        most = free();
        while (!retired_.empty()) {
            try {
                retired.push_back(std::move(retired_.back()));
            } catch (...) {
                break; // next time
            }
            retired_.pop_back();
        }
    }
    for (kernel::Thread &thread : retired)
        thread.join();
    while (most != 0 && tell_next_parked())
        --most;
}

FaultThreads::Busy::Busy(FaultThreads &threads, const std::shared_ptr<Share> &share, const std::weak_ptr<Parked> &who, std::uint64_t what) noexcept
    : threads_(threads), share_(*share), since_(kernel::now_nanoseconds())
{
    const GuardedLock lock(threads_.mutex_);
    threads_.note_stuck(since_);
    const bool others_wait = threads_.threads_.size() > threads_.busy_.size() + 1;
    if (threads_.may_begin(share_) && (others_wait || threads_.add_thread() || threads_.stopping_)) {
        turn_ = Turn::granted;
        threads_.busy_.push_back(this); // there is room
        ++share_.at_work;
        threads_.bytes_ += share_.bytes;
        return;
    }
    try {
        threads_.parked_.push_back({share, who, what});
        turn_ = Turn::parked;
    } catch (...) {
    }
}

FaultThreads::Busy::~Busy()
{
    if (turn_ != Turn::granted)
        return;
    {
        const GuardedLock lock(threads_.mutex_);
        threads_.busy_.erase(std::find(threads_.busy_.begin(), threads_.busy_.end(), this));
        --share_.at_work;
        threads_.bytes_ -= share_.bytes;
        if (stuck_) {
            --share_.stalled;
            --threads_.stuck_;
        }
        if (threads_.parked_.empty())
            return;
    }
    (void)threads_.tell_next_parked();
}

Status FaultThreads::add(std::uint64_t number, Event event, int descriptor, std::shared_ptr<Served> served)
{
    {
        const GuardedLock lock(mutex_);
        served_.emplace(tag(number, event), std::move(served));
    }
    const Status status = queue_.add(descriptor, tag(number, event), kernel::EventQueue::Report::once);
    if (!status.ok())
        remove(number, event, descriptor);
    return status;
}

void FaultThreads::remove(std::uint64_t number, Event event, int descriptor) noexcept
{
    queue_.remove(descriptor);
    const std::shared_ptr<Served> leaving = find(tag(number, event)); // ends outside of the lock
    const GuardedLock lock(mutex_);
    served_.erase(tag(number, event));
}

std::shared_ptr<Served> FaultThreads::find(std::uint64_t tag) noexcept
{
    const GuardedLock lock(mutex_);
    const auto found = served_.find(tag);
    return found != served_.end() ? found->second : nullptr;
}

void FaultThreads::run() noexcept
{
    BusyWaiting waiting(looking_);
    do {
        const std::uint64_t tag = waiting.wait(queue_);
        if (tag == kernel::EventQueue::stopped)
            return;
        if (tag == kernel::EventQueue::nothing)
            continue;
        if (const std::shared_ptr<Served> served = find(tag))
            served->serve(static_cast<Event>(tag & 1U), *this);
    } while (!retire());
}

} // namespace ufomem::service
