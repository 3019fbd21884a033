// SPDX-License-Identifier: MIT
// Fills chunks before they are asked for, on threads of its own: one to begin with, and more while requests wait and there are processors for them.  It
// may be a fault that asks, so that asking neither allocates (heap.hpp) nor starts a thread.
#pragma once

#include "ahead.hpp"
#include "heap.hpp"
#include "kernel/thread.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>

namespace ufomem {

class Prefetcher final : public Ahead {
  public:
    explicit Prefetcher(Heap &heap);
    Prefetcher(const Prefetcher &) = delete;
    Prefetcher &operator=(const Prefetcher &) = delete;
    ~Prefetcher() { stop(); }

    /// Before there is a region that might ask: the first thread.
    void prepare() noexcept;
    void request(const Request &request) noexcept override;
    void stop() noexcept;

  private:
    struct Waiting {
        std::uint64_t number;
        Request request; // what is left of it
    };
    void run() noexcept;
    void add_thread(std::size_t most) noexcept;
    bool take(Waiting &next, bool &more) noexcept;
    void give_up(std::uint64_t number) noexcept;

    static constexpr std::size_t most_threads = 4;

    const std::size_t useful_threads_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Waiting, HeapAllocator<Waiting>> requests_; // guarded by mutex_
    std::uint64_t next_number_ = 0;                        // guarded by mutex_
    bool stopping_ = false;                                // guarded by mutex_
    std::size_t idle_ = 0;                                 // guarded by mutex_: threads that wait
    std::array<kernel::Thread, most_threads> threads_;        // guarded by mutex_
    std::size_t thread_count_ = 0; // guarded by mutex_: of the threads, those that are started, or are about to be
};

} // namespace ufomem
