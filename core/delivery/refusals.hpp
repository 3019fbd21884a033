// SPDX-License-Identifier: MIT
// Ends a thread's sleep in a fault by a signal, where there is no way to poison: once for each fault, however many messages there are of it.
//
// A fault may have several: whoever is woken without an answer, or interrupted, faults again, and the old message may have been read already.  A
// signal for each of them would meet the thread after it had dealt with the first.  So every refusal wakes the page, when the thread has taken its
// signal (until then the kernel may hand out messages of a fault that it has just left).  Who read a message before the last wake-up holds an old
// one, whose thread has asked again or gone on.  Who began to read after the last signal holds one that was not told of.  In between it may be
// either: the thread has to ask again.  So it has to if others have messages of it in hands, too: it has been woken by something else than a refusal, as
// by memory that was mapped again, and one of them may let it go on.
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
        raising_for_.store(thread);
        const bool signals = is_new && pending_of(thread).load() <= 1;
        if (signals)
            raise();
        raising_for_.store(nobody);
        last.woken = now_.fetch_add(1) + 1;
        wake();
        if (signals)
            last.signalled = now_.fetch_add(1) + 1;
    }

    /// A message that was read, until it is answered.  Of a thread that somebody is about to signal it is not answered before: who counts himself
    /// first and looks then, and who says first whom he signals and counts then, cannot miss each other (both sequentially consistent).
    class Pending {
      public:
        Pending(Refusals &refusals, pid_t thread) noexcept : count_(refusals.pending_of(thread))
        {
            count_.fetch_add(1);
            if (refusals.raising_for_.load() == thread)
                const GuardedLock until_then(refusals.mutex_);
        }
        Pending(const Pending &) = delete;
        Pending &operator=(const Pending &) = delete;
        ~Pending() { count_.fetch_sub(1); }

      private:
        std::atomic<std::uint32_t> &count_;
    };

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

    std::atomic<std::uint32_t> &pending_of(pid_t thread) noexcept { return pending_[static_cast<std::size_t>(thread) % pending_.size()].count; }

    static constexpr pid_t nobody = -1;
    struct alignas(64) Count {
        std::atomic<std::uint32_t> count{0};
    };
    std::array<Count, 64> pending_; // some threads share a count: then one of them asks again for nothing
    std::atomic<pid_t> raising_for_{nobody}; // written with mutex_ held
    std::atomic<std::uint64_t> now_{0}; // sequentially consistent: readers order their messages by it
    std::mutex mutex_;
    std::array<Refused, 64> refused_; // guarded by mutex_; those that were forgotten are older
};

} // namespace ufomem
