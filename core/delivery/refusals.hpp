// SPDX-License-Identifier: MIT
// Ends a thread's sleep in a fault by a signal, where there is no way to poison: once for each fault, however many messages there are of it.
//
// A fault may have several: whoever is woken without an answer, or interrupted, faults again, and the old message may have been read already.  A
// signal for each of them would meet the thread after it had dealt with the first.  So every refusal wakes the page, when the thread has taken its
// signal (until then the kernel may hand out messages of a fault that it has just left): who read a message before that holds an old one, whose
// thread has asked again or gone on; who began to read after it holds one that nobody has answered; and who was reading just then has the thread
// ask again.
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

    /// `raise` sends the signal, and returns when the thread has taken it, if it does not sleep without heeding signals.  `wake` has it fault again,
    /// if it sleeps in a fault on that page.  Any thread.
    template <class Raise, class Wake> void refuse(pid_t thread, const std::byte *address, ReadingTime read, Raise raise, Wake wake) noexcept
    {
        const GuardedLock lock(mutex_);
        Refused &last = last_of(thread, page_of(address));
        if (read.got < last.before)
            return;
        const bool is_new = read.asked >= last.after;
        // In this order: a thread that is woken first faults again, and the signal for the next message would meet it who knows where.
        if (is_new)
            raise();
        last.before = now_.fetch_add(1) + 1;
        wake();
        last.after = now_.fetch_add(1) + 1;
    }

  private:
    struct Refused {
        pid_t thread = 0;
        std::uintptr_t page = 0;
        // Around the last wake-up of that page for that thread.  What is not known in detail any more is after `before` and not after `after`.
        std::uint64_t before = 0;
        std::uint64_t after = 0;
    };

    static std::uintptr_t page_of(const std::byte *address) { return reinterpret_cast<std::uintptr_t>(address) / kernel::page_size(); }

    Refused &last_of(pid_t thread, std::uintptr_t page) noexcept
    {
        for (Refused &one : refused_)
            if (one.thread == thread && one.page == page)
                return one;
        Refused &oldest = *std::min_element(refused_.begin(), refused_.end(), [](const Refused &a, const Refused &b) { return a.after < b.after; });
        return oldest = {thread, page, 0, oldest.after};
    }

    std::atomic<std::uint64_t> now_{0}; // sequentially consistent: readers order their messages by it
    std::mutex mutex_;
    std::array<Refused, 64> refused_; // guarded by mutex_; those that were forgotten are older
};

} // namespace ufomem
