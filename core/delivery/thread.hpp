// SPDX-License-Identifier: MIT
// Faults as messages of userfaultfd, answered by threads of the library.
//
// Several threads sleep in read(2) at once, where there are few processors one on each: the kernel wakes them all, and the one on the
// faulting thread's processor wins, which takes a seventh of the time that a wake-up across processors does.  Whoever reads a message
// answers it himself.  Before the last reader runs populate another thread takes his place, so that a fault raised by populate is always
// read; unless it will hardly take longer than to wake that other thread (fill_pace.hpp).  Then the standby looks after it.
//
// One thread more than read rests from the start.  So another one can be had without starting it, which takes malloc: the thread that waits for an
// answer may have been interrupted inside of that.
#pragma once

#include "../engine.hpp"
#include "../home.hpp"
#include "../kernel/processors.hpp"
#include "../kernel/thread.hpp"
#include "../kernel/userfaultfd.hpp"
#include "../region.hpp"
#include "../registry.hpp"
#include "doorbell.hpp"
#include "refusals.hpp"
#include "standby.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <list>
#include <mutex>

namespace ufomem {

class ThreadDelivery final : public kernel::MessageReaders, private Standby::Readers {
  public:
    ThreadDelivery(Engine &engine, const kernel::Userfaultfd &faults, const Registry &registry, unsigned most_workers);
    ThreadDelivery(const ThreadDelivery &) = delete;
    ThreadDelivery &operator=(const ThreadDelivery &) = delete;
    ~ThreadDelivery() override { stop(); }

    Status start() noexcept;
    /// Nothing that is watched must be unmapped from now on, before the userfaultfd is closed.
    void stop() noexcept;
    void ensure_one() noexcept override;
    std::size_t workers() const { return workers_.load(std::memory_order_relaxed); }

  private:
    /// The kernel wakes all who read, so there must not be many.
    static constexpr std::size_t most_readers = 4;

    struct Received {
        kernel::FaultMessage message;
        ReadingTime time;
    };

    void run(const Home *home) noexcept;
    bool receive(Received &received) noexcept;
    void wake(const kernel::FaultMessage &message) const noexcept;
    void answer(const Received &received) noexcept;
    void refuse(const Received &received, Region::Answer given) noexcept;
    void answer_stray(const kernel::FaultMessage &message) const noexcept;
    void read_again() noexcept;
    bool stop_reading(const Received &received, bool for_short) noexcept;
    Region::Answer fill(Region &region, const Region::Fault &fault, bool is_short) noexcept;
    void add_one() noexcept override;
    template <class Body> bool start_thread(Body body) noexcept;
    bool may_fill_more(std::size_t most) const noexcept { return workers_.load() <= most; }
    bool call_resting() noexcept;
    bool leave_to_rest() noexcept;
    bool rest() noexcept;
    bool take_postponed(Received &received) noexcept;

    Engine &engine_;
    const kernel::Userfaultfd &faults_;
    const Registry &registry_;
    const kernel::Processors processors_ = kernel::Processors::of_this_thread();
    const unsigned most_workers_;
    const unsigned readers_wanted_;
    std::array<Home, most_readers>
        homes_; // of the first readers, if there is a processor for each; constant from start() on

    std::atomic<int> reading_{0}; // threads in read(2), or on their way there
    std::atomic<std::size_t> workers_{0}; // one more than may fill: somebody reads meanwhile, or rests
    std::atomic<bool> starting_{false};   // a thread that does not read yet; set by the standby, cleared by that thread
    std::atomic<bool> stopping_{false};

    std::mutex mutex_;
    std::list<kernel::Thread> threads_; // guarded by mutex_
    std::deque<Received, HeapAllocator<Received>> postponed_; // guarded by mutex_: for lack of a thread
    std::atomic<std::size_t> postponed_count_{0};
    std::atomic<std::uint32_t> calls_to_work_{0}; // futex of the resting
    unsigned resting_ = 0;                        // guarded by mutex_
    unsigned called_ = 0;                         // guarded by mutex_: of the resting, those that are to read

    Refusals refusals_;
    Standby standby_;
    Doorbell doorbell_; // read(2) cannot be interrupted otherwise
};

} // namespace ufomem
