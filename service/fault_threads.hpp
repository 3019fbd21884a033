// SPDX-License-Identifier: MIT
// The threads that answer the faults of all clients.  Each waits for any of them; before one is busy with what may take long, it sees to it that
// another one waits, as long as there may be more.
#pragma once

#include "kernel/event_queue.hpp"
#include "signal_guard.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace ufomem::service {

class FaultThreads;

/// Whose faults are answered.
class Faulting {
  public:
    virtual ~Faulting() = default;
    /// Answers one fault, if there is one, and has itself reported again.
    virtual void serve(FaultThreads &threads) noexcept = 0;
};

class FaultThreads {
  public:
    explicit FaultThreads(unsigned most) : most_(most) {}
    FaultThreads(const FaultThreads &) = delete;
    FaultThreads &operator=(const FaultThreads &) = delete;
    ~FaultThreads();

    Status start() noexcept;
    /// Ends when nobody is busy any more.
    void stop() noexcept;

    /// How many there are now.
    std::size_t count() noexcept
    {
        const GuardedLock lock(mutex_);
        return threads_.size();
    }

    /// Throws std::bad_alloc.
    Status add(std::uint64_t number, int descriptor, std::shared_ptr<Faulting> faulting);
    bool report_again(std::uint64_t number, int descriptor) const noexcept
    {
        return queue_.report_again(descriptor, number);
    }
    /// Nobody begins to serve it any more.
    void remove(std::uint64_t number, int descriptor) noexcept;

    /// For the length of what may take long, by a thread in serve().
    class Busy {
      public:
        explicit Busy(FaultThreads &threads) noexcept : threads_(threads) { threads_.leave_a_waiting_one(); }
        Busy(const Busy &) = delete;
        Busy &operator=(const Busy &) = delete;
        ~Busy() { threads_.waiting_.fetch_add(1); }

      private:
        FaultThreads &threads_;
    };

  private:
    void run() noexcept;
    void leave_a_waiting_one() noexcept;
    bool add_thread() noexcept;
    std::shared_ptr<Faulting> find(std::uint64_t number) noexcept;

    const unsigned most_;
    kernel::EventQueue queue_;
    std::atomic<int> waiting_{0}; // threads that are not busy
    std::mutex mutex_;
    bool stopping_ = false;                                     // guarded by mutex_
    std::map<std::uint64_t, std::shared_ptr<Faulting>> served_; // guarded by mutex_
    std::vector<std::thread> threads_;                          // guarded by mutex_
};

} // namespace ufomem::service
