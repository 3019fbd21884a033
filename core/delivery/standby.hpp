// SPDX-License-Identifier: MIT
// A thread that looks after the readers of fault messages.  Where a fill is known to be short, the last reader does it himself and nobody reads
// meanwhile: waking somebody would take longer.  If he does not come back as soon as expected, because populate waits for a fault itself, or
// for something else, the standby sees to it that somebody reads again.  And it starts the threads for that: a reader has a fault in hands, and the thread
// that waits for it may have been interrupted inside of malloc, which starting a thread needs.
#pragma once

#include "../kernel/thread.hpp"
#include "../status.hpp"

#include <atomic>
#include <cstdint>

namespace ufomem {

class Standby {
  public:
    class Readers {
      public:
        virtual ~Readers() = default;
        /// Somebody who reads: who rests, or a new thread.
        virtual void add_one() noexcept = 0;
    };

    /// `reading`: how many read.
    Standby(Readers &readers, const std::atomic<int> &reading) : readers_(readers), reading_(reading) {}
    Standby(const Standby &) = delete;
    Standby &operator=(const Standby &) = delete;
    ~Standby() { stop(); }

    /// `owner`: whom the thread works for.
    Status start(const void *owner) noexcept;
    void stop() noexcept;

    /// For the last reader, after he has stopped being one: somebody reads again two milliseconds later at the latest.
    void watch() noexcept;
    /// For who knows that nobody will read for a while: somebody does as soon as possible.
    void call() noexcept;
    /// Grows by one each time that somebody had to be found, and nobody had called.
    std::uint32_t times_stepped_in() const noexcept { return stepped_in_.load(std::memory_order_relaxed); }

  private:
    void run() noexcept;

    Readers &readers_;
    const std::atomic<int> &reading_;

    std::atomic<std::uint32_t> watched_{0};    // how often nobody was left to read; written by readers
    std::atomic<std::uint32_t> stepped_in_{0}; // written by the standby alone
    // Of the two, `watched_` is written first and `asleep_` read by the reader, the other way round by the standby: sequentially consistent, so one of
    // them sees the other.
    std::atomic<bool> asleep_{false};
    std::atomic<bool> called_{false};    // written before the bell is rung
    std::atomic<std::uint32_t> bell_{0}; // futex of the standby
    std::atomic<bool> stopping_{false};
    kernel::Thread thread_;
};

} // namespace ufomem
