// SPDX-License-Identifier: MIT
// The threads that answer faults and requests of all clients.  Each waits for any of them; before one is busy with what may take long, it sees to it that
// another one waits.
//
// Sources may stall, and the threads in them with them.  So that this holds up those who want their data, and nobody else, the threads are shared out: who
// takes many leaves as many to others, who stalls gets one at a time, and a few of those, and for each thread that is stuck another one may start.  The same goes
// for the memory that is being filled.  Who gets no thread is parked: nothing waits for him but his own fault, until a thread is free or his time is up.
#pragma once

#include "kernel/event_queue.hpp"
#include "kernel/thread.hpp"
#include "signal_guard.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace ufomem::service {

class FaultThreads;

enum class Event : std::uint8_t { fault, message };

/// A client, whose faults and messages are answered.
class Served {
  public:
    virtual ~Served() = default;
    /// Answers one, if there is one, and has itself reported again.
    virtual void serve(Event event, FaultThreads &threads) noexcept = 0;
};

/// Somebody who has got no thread.
class Parked {
  public:
    virtual ~Parked() = default;
    /// There may be one now.  `what` is his own.  False if he does not need it any more.
    virtual bool ask_again(std::uint64_t what) noexcept = 0;
};

/// Whose work threads do: a region, or the requests of a client.
struct Share {
    explicit Share(std::size_t each) : bytes(each) {}
    const std::size_t bytes; ///< of memory that each thread takes
    unsigned at_work = 0; // threads; guarded by FaultThreads::mutex_
    unsigned stalled = 0; // of these; guarded by FaultThreads::mutex_
};

class FaultThreads {
  public:
    /// A thread that has been busy for longer than `patience_milliseconds` is stuck.  All of them together may take `most_bytes` of memory.
    FaultThreads(unsigned most, unsigned patience_milliseconds, std::size_t most_bytes);
    FaultThreads(const FaultThreads &) = delete;
    FaultThreads &operator=(const FaultThreads &) = delete;
    ~FaultThreads();

    Status start() noexcept;
    /// Ends when nobody is busy any more.
    void stop() noexcept;

    /// How many there are now.
    std::size_t count() noexcept;

    /// Throws std::bad_alloc.
    Status add(std::uint64_t number, Event event, int descriptor, std::shared_ptr<Served> served);
    bool report_again(std::uint64_t number, Event event, int descriptor) const noexcept { return queue_.report_again(descriptor, tag(number, event)); }
    /// Nobody begins to serve it any more.
    void remove(std::uint64_t number, Event event, int descriptor) noexcept;

    /// Now and then: notices who is stuck.
    void tick(std::size_t most_bytes) noexcept;

    /// For the length of what may take long, by a thread in serve().
    class Busy {
      public:
        /// If there is no thread for it, `who` is told when there may be one.
        Busy(FaultThreads &threads, const std::shared_ptr<Share> &share, const std::weak_ptr<Parked> &who, std::uint64_t what) noexcept;
        Busy(const Busy &) = delete;
        Busy &operator=(const Busy &) = delete;
        ~Busy();
        /// Whether the thread may be busy now.
        explicit operator bool() const { return turn_ == Turn::granted; }
        /// Whether `who` will be told; otherwise there is no memory.
        bool parked() const { return turn_ == Turn::parked; }

      private:
        friend class FaultThreads;
        enum class Turn : std::uint8_t { granted, parked, refused };
        FaultThreads &threads_;
        Share &share_;
        Turn turn_ = Turn::refused;
        std::int64_t since_ = 0;
        bool stuck_ = false; // guarded by FaultThreads::mutex_
    };

  private:
    struct Waiting {
        std::shared_ptr<Share> share;
        std::weak_ptr<Parked> who;
        std::uint64_t what;
    };
    static std::uint64_t tag(std::uint64_t number, Event event) { return number << 1U | static_cast<std::uint64_t>(event); }
    unsigned most_stuck() const { return 4 * most_; }
    unsigned most_stuck_of_one() const { return std::max(most_ / 8, 1U); }

    void run() noexcept;
    bool add_thread() noexcept;
    bool retire() noexcept;
    void note_stuck(std::int64_t now) noexcept;
    unsigned free() const noexcept;
    bool may_begin(const Share &share) const noexcept;
    bool tell_next_parked() noexcept;
    std::shared_ptr<Served> find(std::uint64_t tag) noexcept;

    const unsigned most_; // of those that are not stuck
    const std::int64_t patience_;
    kernel::EventQueue queue_;
    std::atomic<bool> looking_{false}; // one thread waits for the queue without sleeping
    std::mutex mutex_;
    // Guarded by mutex_:
    bool stopping_ = false;
    std::map<std::uint64_t, std::shared_ptr<Served>> served_; // by tag
    std::vector<kernel::Thread> threads_;
    std::vector<kernel::Thread> retired_; // to be joined
    std::size_t most_bytes_;
    std::vector<Busy *> busy_;         // the longest first
    std::size_t bytes_ = 0;            // of all of these
    unsigned stuck_ = 0;               // of these
    std::deque<Waiting> parked_;       // the longest first
};

} // namespace ufomem::service
