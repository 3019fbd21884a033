// SPDX-License-Identifier: MIT
// Looking for the next event for a moment before sleeping.  A client that has just been answered often has its next fault a little later, and to wake a
// thread on a sleeping processor takes several times as long as the answer: some 50 us in virtual machines.
//
// Per thread.  It looks as long as that pays: what came while it looked, or would have, makes it look for the whole moment next time; nothing makes the
// moment half as long, and after a few times it sleeps at once.
#pragma once

#include "kernel/clock.hpp"
#include "kernel/event_queue.hpp"

#include <atomic>
#include <cstdint>

#include <sched.h>

namespace ufomem::service {

class BusyWaiting {
  public:
    /// One thread at a time looks: `looking` is common to those that wait for the same queue.
    explicit BusyWaiting(std::atomic<bool> &looking) : looking_(looking) {}

    std::uint64_t wait(const kernel::EventQueue &queue) noexcept
    {
        const std::int64_t start = kernel::now_nanoseconds();
        if (moment_ >= shortest) {
            const std::uint64_t tag = look(queue, start);
            if (tag != kernel::EventQueue::nothing) {
                moment_ = longest;
                return tag;
            }
            moment_ /= 2;
        }
        const std::uint64_t tag = queue.wait();
        if (kernel::now_nanoseconds() - start < longest)
            moment_ = longest;
        return tag;
    }

  private:
    static constexpr std::int64_t longest = 100'000; // nanoseconds
    static constexpr std::int64_t shortest = longest / 8;

    /// Whoever else wants the processor has it in between.
    std::uint64_t look(const kernel::EventQueue &queue, std::int64_t start) noexcept
    {
        if (looking_.exchange(true, std::memory_order_relaxed)) // a hint: two that look would do no harm
            return kernel::EventQueue::nothing;
        std::uint64_t tag = queue.wait(0);
        while (tag == kernel::EventQueue::nothing && kernel::now_nanoseconds() - start < moment_) {
            sched_yield();
            tag = queue.wait(0);
        }
        looking_.store(false, std::memory_order_relaxed);
        return tag;
    }

    std::atomic<bool> &looking_;
    std::int64_t moment_ = 0;
};

} // namespace ufomem::service
