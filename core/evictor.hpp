// SPDX-License-Identifier: MIT
// Makes room: lets the oldest resident chunks leave, in batches of neighbours.  By a thread of its own, which begins before the budget is
// used up, so that nobody waits for a write-back in a fault; and by whoever needs room at once.
#pragma once

#include "engine.hpp"
#include "kernel/thread.hpp"
#include "reclaimer.hpp"
#include "region.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>

namespace ufomem {

class Evictor final : public Reclaimer {
  public:
    explicit Evictor(Engine &engine) : engine_(engine) {}
    Evictor(const Evictor &) = delete;
    Evictor &operator=(const Evictor &) = delete;
    ~Evictor();

    /// Before there is a region that might want room: the thread.  Not at the first want, which may be a fault's: whoever answers that must not use malloc.
    void prepare() noexcept;

    Outcome reclaim(std::size_t bytes) override;
    void make_room_soon() override;

  private:
    class Failing;
    /// For those who are to leave: chosen, asked, and gone.  As large as the stack of who asks allows; memory is given back so many chunks at a time.
    struct Room {
        std::span<Candidate> candidates;
        std::span<ChunkIndex> chunks;
        Region::Batch &batch;
    };
    template <std::size_t most> struct RoomFor;
    enum class Need : std::uint8_t { soon, now, at_any_price };
    Outcome make_room(std::size_t bytes, Need need, const Room &room);
    Outcome make_room_in_queues(std::size_t bytes, Need need, const Room &room);
    bool call_stragglers();
    void give_back_words(std::size_t candidates, const Room &room);
    bool walks_go_first() const;
    enum Work : std::uint32_t { none, wanted, at_work, ending };
    void run() noexcept;
    void reclaim_from(ResidentQueue &queue, std::size_t bytes, Need need, const Room &room, Failing &failing,
                      Outcome &outcome);
    void reclaim_passed(std::size_t bytes, const Room &room, Failing &failing, Outcome &outcome);
    void evict(std::span<const Candidate> candidates, Region &region, bool passed, Need need, const Room &room,
               Failing &failing, Outcome &outcome);

    Engine &engine_;
    std::atomic<std::uint32_t> work_{none}; // what the thread shall do; it sleeps on it
    std::atomic<bool> started_{false};
    std::atomic<bool> walks_store_{false}; // what a walk left behind last was changed
    std::mutex starting_;
    kernel::Thread thread_; // guarded by starting_
};

} // namespace ufomem
