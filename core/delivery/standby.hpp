// SPDX-License-Identifier: MIT
// A thread that looks after the readers of fault messages.  Where a fill is known to be short, the last reader does it himself and nobody reads
// meanwhile: waking somebody would take longer.  If he does not come back as soon as expected, because populate waits for a fault itself, or
// for something else, the standby sees to it that somebody reads again.
#pragma once

#include "../kernel/userfaultfd.hpp"

#include <atomic>
#include <cstdint>
#include <thread>

namespace ufomem {

class Standby {
  public:
    /// `reading`: how many read.
    Standby(kernel::MessageReaders &readers, const std::atomic<int> &reading) : readers_(readers), reading_(reading) {}
    Standby(const Standby &) = delete;
    Standby &operator=(const Standby &) = delete;
    ~Standby() { stop(); }

    /// `owner`: whom the thread works for.
    Status start(const void *owner) noexcept;
    void stop() noexcept;

    /// For the last reader, after he has stopped being one: somebody reads again two milliseconds later at the latest.
    void watch() noexcept;
    /// Grows by one each time that somebody had to be found.
    std::uint32_t times_stepped_in() const noexcept { return stepped_in_.load(std::memory_order_relaxed); }

  private:
    void run() noexcept;

    kernel::MessageReaders &readers_;
    const std::atomic<int> &reading_;

    std::atomic<std::uint32_t> watched_{0};    // how often nobody was left to read; written by readers
    std::atomic<std::uint32_t> stepped_in_{0}; // written by the standby alone
    // Of the two, `watched_` is written first and `asleep_` read by the reader, the other way round by the standby: sequentially consistent, so one of
    // them sees the other.
    std::atomic<bool> asleep_{false};
    std::atomic<std::uint32_t> bell_{0}; // futex of the standby
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

} // namespace ufomem
