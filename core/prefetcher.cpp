// SPDX-License-Identifier: MIT
#include "prefetcher.hpp"

#include "library_thread.hpp"
#include "region.hpp"
#include "signal_guard.hpp"

#include <algorithm>

namespace ufomem {

Prefetcher::Prefetcher() : most_threads_(std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4)) {}

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
        if (idle_ == 0 && threads_.size() < most_threads_) {
            threads_.reserve(most_threads_); // so that a thread that has started always gets in
            threads_.push_back(start_library_thread("ufomem-ahead", this, [this] { run(); }));
        }
    } catch (...) { // no memory, no thread: the chunks come when they are asked for
    }
    changed_.notify_all(); // there is work for several: they share a request
}

/// The next chunk of the oldest request.  False at the end.
bool Prefetcher::take(Waiting &next) noexcept
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
    return true;
}

void Prefetcher::give_up(std::uint64_t number) noexcept
{
    const GuardedLock lock(mutex_);
    std::erase_if(requests_, [number](const Waiting &waiting) { return waiting.number == number; });
}

void Prefetcher::run() noexcept
{
    for (Waiting next; take(next);) {
        // Entered anew for each chunk: the end of the region waits for one fill at most.
        const RegionVisit region = visit(next.request.region);
        if (!region || region->handle().phase() != Phase::open || !region->fill_ahead(next.request, next.request.first))
            give_up(next.number);
    }
}

void Prefetcher::stop() noexcept
{
    std::vector<std::thread> threads;
    {
        const GuardedLock lock(mutex_);
        stopping_ = true;
        if (works_for() != this) // its own thread, in which a region's callback ended the core, is waited for by whoever destroys it
            threads.swap(threads_);
    }
    changed_.notify_all();
    for (std::thread &thread : threads)
        thread.join();
}

} // namespace ufomem
