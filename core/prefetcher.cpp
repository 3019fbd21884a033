// SPDX-License-Identifier: MIT
#include "prefetcher.hpp"

#include "library_thread.hpp"
#include "region.hpp"
#include "signal_guard.hpp"

namespace ufomem {

void Prefetcher::request(const Request &request) noexcept
{
    constexpr std::size_t most_waiting = 64;
    if (request.count == 0)
        return;
    const GuardedLock lock(mutex_);
    try {
        if (stopping_ || requests_.size() == most_waiting)
            return;
        requests_.push_back(request);
        if (!thread_.joinable())
            thread_ = start_library_thread("ufomem-ahead", this, [this] { run(); });
    } catch (...) { // no memory, no thread: the chunks come when they are asked for
    }
    changed_.notify_one();
}

void Prefetcher::run() noexcept
{
    for (;;) {
        Request request;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return stopping_ || !requests_.empty(); });
            if (stopping_)
                return;
            request = requests_.front();
            requests_.pop_front();
        }
        ChunkIndex chunk = request.first;
        for (std::size_t i = 0; i < request.count; ++i, chunk.value += static_cast<std::size_t>(request.step)) {
            // Entered anew for each chunk: the end of the region waits for one fill at most.
            const RegionVisit region = visit(request.region);
            if (!region || region->handle().phase() != Phase::open || !region->fill_ahead(request, chunk))
                break;
        }
    }
}

void Prefetcher::stop() noexcept
{
    std::thread thread;
    {
        const GuardedLock lock(mutex_);
        stopping_ = true;
        if (works_for() != this) // its own thread, in which a region's callback ended the core, is waited for by whoever destroys it
            thread.swap(thread_);
    }
    changed_.notify_one();
    if (thread.joinable())
        thread.join();
}

} // namespace ufomem
