// SPDX-License-Identifier: MIT
// Ends a thread's sleep in a fault by a signal, where there is no way to poison: once for each fault, however many messages there are of it.
//
// A fault may have several: whoever is woken without an answer, or interrupted, faults again, and the old message may have been read already.  A
// signal for each of them would meet the thread after it had dealt with the first.  So every refusal wakes the page, when the thread has taken its
// signal (until then the kernel may hand out messages of a fault that it has just left).  Who read a message before the last wake-up holds an old
// one, whose thread has asked again or gone on.  Who began to read after the last signal holds one that was not told of.  In between it may be
// either: the thread has to ask again.
#pragma once

#include "../kernel/memory.hpp"
#include "../signal_guard.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include <sys/types.h>

namespace ufomem {

/// Of one message, in steps of Refusals::now(): before it was asked for, and after it had come.
struct ReadingTime {
    std::uint64_t asked = 0;
    std::uint64_t got = 0;
};

class Refusals {
  public:
    /// Taken around each read of a message.
    std::uint64_t now() const noexcept { return now_.load(); }

    /// `raise` sends the signal if the thread sleeps in a fault of its own, and returns when it has left that.  `wake` has it fault again, if it
    /// sleeps in one on that page.  Any thread.
    template <class Raise, class Wake> void refuse(pid_t thread, const std::byte *address, ReadingTime read, Raise raise, Wake wake) noexcept
    {
        const GuardedLock lock(mutex_);
        Refused &last = last_of(thread, page_of(address));
        if (read.got < last.woken)
            return;
        const bool is_new = read.asked >= last.signalled;
        // In this order: a thread that is woken first faults again, and the signal for the next message would meet it who knows where.
        if (is_new)
            raise();
        last.woken = now_.fetch_add(1) + 1;
        wake();
        if (is_new)
            last.signalled = now_.fetch_add(1) + 1;
    }

  private:
    struct Refused {
        pid_t thread = 0;
        std::uintptr_t page = 0;
        std::uint64_t woken = 0;     // before the last wake-up
        std::uint64_t signalled = 0; // after the last signal; of somebody who was forgotten the newest one that was
    };

    static std::uintptr_t page_of(const std::byte *address) { return reinterpret_cast<std::uintptr_t>(address) / kernel::page_size(); }

    Refused &last_of(pid_t thread, std::uintptr_t page) noexcept
    {
        for (Refused &one : refused_)
            if (one.thread == thread && one.page == page)
                return one;
        Refused &oldest = *std::min_element(refused_.begin(), refused_.end(), [](const Refused &a, const Refused &b) { return a.signalled < b.signalled; });
        return oldest = {thread, page, 0, oldest.signalled};
    }

    std::atomic<std::uint64_t> now_{0}; // sequentially consistent: readers order their messages by it
    std::mutex mutex_;
    std::array<Refused, 64> refused_; // guarded by mutex_; those that were forgotten are older
};

} // namespace ufomem
