// SPDX-License-Identifier: MIT
// Fills chunks before they are asked for, on threads of its own: one to begin with, and more while requests wait and there are processors for them.
#pragma once

#include "ahead.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace ufomem {

class Prefetcher final : public Ahead {
  public:
    Prefetcher();
    Prefetcher(const Prefetcher &) = delete;
    Prefetcher &operator=(const Prefetcher &) = delete;
    ~Prefetcher() { stop(); }

    void request(const Request &request) noexcept override;
    void stop() noexcept;

  private:
    struct Waiting {
        std::uint64_t number;
        Request request; // what is left of it
    };
    void run() noexcept;
    bool take(Waiting &next) noexcept;
    void give_up(std::uint64_t number) noexcept;

    const std::size_t most_threads_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Waiting> requests_;     // guarded by mutex_
    std::uint64_t next_number_ = 0;    // guarded by mutex_
    bool stopping_ = false;            // guarded by mutex_
    std::size_t idle_ = 0;             // guarded by mutex_: threads that wait
    std::vector<std::thread> threads_; // guarded by mutex_
};

} // namespace ufomem
