// SPDX-License-Identifier: MIT
// Fills chunks before they are asked for, on a thread of its own that starts with the first request.
#pragma once

#include "handle.hpp"
#include "units.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

namespace ufomem {

class Prefetcher {
  public:
    Prefetcher() = default;
    Prefetcher(const Prefetcher &) = delete;
    Prefetcher &operator=(const Prefetcher &) = delete;
    ~Prefetcher() { stop(); }

    struct Request {
        RegionTicket region;
        ChunkIndex first;
        std::ptrdiff_t step = 1; ///< between the chunks
        std::size_t count = 0;
        bool neighbours = false;      ///< those in between, and a few more, may come along
        Access access = Access::read; ///< what they will be wanted for
    };
    /// A hint: forgotten if too many wait already, or if there is no memory for it.
    void request(const Request &request) noexcept;
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
