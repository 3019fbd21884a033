// SPDX-License-Identifier: MIT
#include "fault_threads.hpp"

#include "library_thread.hpp"

namespace ufomem::service {

Status FaultThreads::start() noexcept
{
    Result<kernel::EventQueue> queue = kernel::EventQueue::make();
    if (!queue.ok())
        return queue.status();
    queue_ = std::move(*queue);
    if (!add_thread())
        return fail(Code::limit, "cannot start a thread that answers faults (ulimit -u?)");
    (void)add_thread();
    return {};
}

void FaultThreads::stop() noexcept
{
    std::vector<std::thread> threads;
    {
        const GuardedLock lock(mutex_);
        if (stopping_)
            return;
        stopping_ = true;
        threads.swap(threads_);
    }
    if (!threads.empty())
        queue_.stop();
    for (std::thread &thread : threads)
        thread.join();
}

FaultThreads::~FaultThreads() { stop(); }

bool FaultThreads::add_thread() noexcept
{
    const GuardedLock lock(mutex_);
    if (stopping_ || threads_.size() >= most_)
        return false;
    waiting_.fetch_add(1);
    try {
        threads_.reserve(threads_.size() + 1); // so that a thread that has started always gets in
        threads_.push_back(start_library_thread("ufomem-service", this, [this] { run(); }));
        return true;
    } catch (...) {
        waiting_.fetch_sub(1);
        return false;
    }
}

void FaultThreads::leave_a_waiting_one() noexcept
{
    if (waiting_.fetch_sub(1) == 1)
        (void)add_thread(); // otherwise faults wait until one of us is done
}

Status FaultThreads::add(std::uint64_t number, int descriptor, std::shared_ptr<Faulting> faulting)
{
    {
        const GuardedLock lock(mutex_);
        served_.emplace(number, std::move(faulting));
    }
    const Status status = queue_.add(descriptor, number, kernel::EventQueue::Report::once);
    if (!status.ok())
        remove(number, descriptor);
    return status;
}

void FaultThreads::remove(std::uint64_t number, int descriptor) noexcept
{
    queue_.remove(descriptor);
    const std::shared_ptr<Faulting> leaving = find(number); // ends outside of the lock
    const GuardedLock lock(mutex_);
    served_.erase(number);
}

std::shared_ptr<Faulting> FaultThreads::find(std::uint64_t number) noexcept
{
    const GuardedLock lock(mutex_);
    const auto found = served_.find(number);
    return found != served_.end() ? found->second : nullptr;
}

void FaultThreads::run() noexcept
{
    for (;;) {
        const std::uint64_t number = queue_.wait();
        if (number == kernel::EventQueue::stopped)
            break;
        if (number == kernel::EventQueue::nothing)
            continue;
        if (const std::shared_ptr<Faulting> faulting = find(number))
            faulting->serve(*this);
    }
}

} // namespace ufomem::service
