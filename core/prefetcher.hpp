// SPDX-License-Identifier: MIT
// Fills chunks before they are asked for, on a thread of its own that starts with the first request.
#pragma once

#include "ahead.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

namespace ufomem {

class Prefetcher final : public Ahead {
  public:
    Prefetcher() = default;
    Prefetcher(const Prefetcher &) = delete;
    Prefetcher &operator=(const Prefetcher &) = delete;
    ~Prefetcher() { stop(); }

    void request(const Request &request) noexcept override;
    void stop() noexcept;

  private:
    void run() noexcept;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Request> requests_; // guarded by mutex_
    bool stopping_ = false;        // guarded by mutex_
    std::thread thread_;           // guarded by mutex_
};

} // namespace ufomem
