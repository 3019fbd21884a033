// SPDX-License-Identifier: MIT
#include "prefetcher.hpp"

#include "library_thread.hpp"
#include "region.hpp"
#include "signal_guard.hpp"

#include <algorithm>
#include <thread>

namespace ufomem {

Prefetcher::Prefetcher(Heap &heap)
    : useful_threads_(std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, most_threads)), requests_(heap)
{
}

void Prefetcher::prepare() noexcept { add_thread(1); }

/// Unless there are so many.  Never with the mutex held, which those want who ask for something in a fault: the thread that they answer may be inside of malloc.
void Prefetcher::add_thread(std::size_t most) noexcept
{
    std::size_t index = 0;
    {
        const GuardedLock lock(mutex_);
        if (stopping_ || thread_count_ >= most)
            return;
        index = thread_count_++;
    }
    kernel::Thread thread;
    try {
        thread = start_library_thread("ufomem-ahead", this, [this] { run(); });
    } catch (...) { // no thread: the chunks come when they are asked for
    }
    {
        const GuardedLock lock(mutex_);
        if (!thread.joinable() && index + 1 == thread_count_)
            --thread_count_;
        if (!stopping_)
            threads_[index].swap(thread);
    }
    if (thread.joinable()) // stop() did not see it
        thread.join();
}

void Prefetcher::request(const Request &request) noexcept
{
    constexpr std::size_t most_waiting = 64;
    if (request.count == 0)
        return;
    const GuardedLock lock(mutex_);
    try {
        if (stopping_ || requests_.size() == most_waiting)
            return;
        requests_.push_back({next_number_++, request});
    } catch (...) { // no memory: the chunks come when they are asked for
    }
    changed_.notify_all(); // there is work for several: they share a request
}

/// The next chunk of the oldest request, and whether there is more to do than threads to do it.  False at the end.
bool Prefetcher::take(Waiting &next, bool &more) noexcept
{
    std::unique_lock lock(mutex_);
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !requests_.empty(); });
    --idle_;
    if (stopping_)
        return false;
    next = requests_.front();
    Request &rest = requests_.front().request;
    rest.first.value += static_cast<std::size_t>(rest.step);
    if (--rest.count == 0)
        requests_.pop_front();
    more = idle_ == 0 && !requests_.empty() && thread_count_ < useful_threads_;
    return true;
}

void Prefetcher::give_up(std::uint64_t number) noexcept
{
    const GuardedLock lock(mutex_);
    std::erase_if(requests_, [number](const Waiting &waiting) { return waiting.number == number; });
}

void Prefetcher::run() noexcept
{
    bool more = false;
    for (Waiting next; take(next, more);) {
        if (more)
            add_thread(useful_threads_);
        // Entered anew for each chunk: the end of the region waits for one fill at most.
        const RegionVisit region = visit(next.request.region);
        if (!region || region->handle().phase() != Phase::open || !region->fill_ahead(next.request, next.request.first))
            give_up(next.number);
    }
}

void Prefetcher::stop() noexcept
{
    std::array<kernel::Thread, most_threads> threads;
    {
        const GuardedLock lock(mutex_);
        stopping_ = true;
        if (works_for()
            != this) // its own thread, in which a region's callback ended the core, is waited for by whoever destroys it
            threads.swap(threads_);
    }
    changed_.notify_all();
    for (kernel::Thread &thread : threads)
        if (thread.joinable())
            thread.join();
}

} // namespace ufomem
