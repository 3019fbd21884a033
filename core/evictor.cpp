// SPDX-License-Identifier: MIT
#include "evictor.hpp"

#include "kernel/futex.hpp"
#include "library_thread.hpp"
#include "signal_guard.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace ufomem {
namespace {

/// The candidates of one region at the head of `candidates`.
std::span<Candidate> of_one_region(std::span<Candidate> candidates)
{
    std::size_t count = 1;
    while (count < candidates.size() && candidates[count].region.handle == candidates[0].region.handle
           && candidates[count].region.generation == candidates[0].region.generation)
        ++count;
    return candidates.first(count);
}

} // namespace

/// The regions that could not store their changes.  In one round each of them is asked once, not for every chunk: it may take long to fail.
class Evictor::Failing {
  public:
    bool has(const RegionHandle *region) const
    {
        const std::span known = std::span(regions_).first(count_);
        return full_ || std::find(known.begin(), known.end(), region) != known.end();
    }
    void add(const RegionHandle *region)
    {
        if (count_ == regions_.size())
            full_ = true;
        else
            regions_[count_++] = region;
    }

  private:
    std::array<const RegionHandle *, 8> regions_{};
    std::size_t count_ = 0;
    bool full_ = false;
};

template <std::size_t most> struct Evictor::RoomFor {
    std::array<Candidate, most> candidates;
    std::array<ChunkIndex, most> chunks;
    Region::BatchOf<most> batch;
    Room room() { return {candidates, chunks, batch}; }
};

void Evictor::evict(std::span<const Candidate> candidates, Region &region, bool passed, Need need, const Room &room,
                    Failing &failing, Outcome &outcome)
{
    Region::Eviction eviction;
    eviction.only_clean = failing.has(candidates[0].region.handle);
    eviction.passed = passed;
    eviction.at_any_price = need == Need::at_any_price;
    std::size_t alone = 0;
    for (const Candidate &candidate : candidates)
        if (candidate.chunks > 1)
            region.evict_extent({candidate.chunk, candidate.chunks}, eviction);
        else
            room.chunks[alone++] = candidate.chunk;
    region.evict_candidates(room.chunks.first(alone), room.batch, eviction);
    outcome.asked += candidates.size();
    outcome.freed += eviction.freed;
    if (passed)
        walks_store_.store(eviction.stored, std::memory_order_relaxed);
    if (eviction.failure.code != Code::ok) {
        outcome.failure = eviction.failure;
        failing.add(candidates[0].region.handle);
    }
}

/// Lets go of what walks have left behind, the newest first, in the region that was walked through last.
void Evictor::reclaim_passed(std::size_t bytes, const Room &room, Failing &failing, Outcome &outcome)
{
    ResidentQueue &queue = engine_.walks.queue;
    const std::size_t walk = engine_.walks.latest.load(std::memory_order_relaxed);
    const std::span<Candidate> newest = queue.newest(walk, room.candidates);
    std::size_t chosen = 0; // those move to the front
    std::size_t sum = 0;
    if (newest.empty())
        return;
    const RegionVisit region = visit(newest[0].region);
    if (!region)
        return; // its end clears up
    for (std::size_t i = 0; i < newest.size() && sum < bytes; ++i) {
        const Candidate candidate = newest[i];
        if (candidate.region != newest[0].region || !region->left_behind({candidate.chunk, candidate.chunks})
            || !queue.remove(walk, candidate))
            continue;
        sum += candidate.bytes;
        newest[chosen++] = candidate;
    }
    if (chosen != 0)
        evict(newest.first(chosen), *region, true, Need::soon, room, failing, outcome);
}

/// Lets candidates of one queue leave.
void Evictor::reclaim_from(ResidentQueue &queue, std::size_t bytes, Need need, const Room &room, Failing &failing,
                           Outcome &outcome)
{
    // Those that cannot leave go to the end of a queue; each is asked once.
    std::size_t asked = 0;
    const std::size_t most = queue.size() + room.candidates.size();
    while (outcome.freed < bytes && asked < most) {
        std::span<Candidate> candidates = queue.pop(room.candidates, bytes - outcome.freed);
        if (candidates.empty())
            break;
        asked += candidates.size();
        while (!candidates.empty()) {
            const std::span<Candidate> group = of_one_region(candidates);
            candidates = candidates.subspan(group.size());
            const RegionVisit region = visit(group[0].region);
            if (!region)
                continue;
            evict(group, *region, false, need, room, failing, outcome);
        }
    }
}

bool Evictor::walks_go_first() const { return engine_.walks.bytes() > engine_.budget.bytes() / 8; }

/// A scan lives in an eighth of the memory, and takes the rest only as long as nobody else wants it.  While it has more, it alone makes room; what is
/// used again has to go only if that is needed now and the scan has nothing left.
Reclaimer::Outcome Evictor::make_room_in_queues(std::size_t bytes, Need need, const Room &room)
{
    Outcome outcome;
    Failing failing;
    ResidentQueue &walks = engine_.walks.queue;
    if (!walks_go_first()) {
        reclaim_from(engine_.resident, bytes, need, room, failing, outcome);
        reclaim_from(walks, bytes, need, room, failing, outcome);
        return outcome;
    }
    reclaim_passed(bytes, room, failing, outcome);
    if (outcome.freed == 0)
        reclaim_from(walks, bytes, need, room, failing, outcome);
    if (outcome.freed == 0 && need != Need::soon)
        reclaim_from(engine_.resident, bytes, need, room, failing, outcome);
    return outcome;
}

/// False if there are none.
bool Evictor::call_stragglers()
{
    Stragglers::Stretches room;
    const std::span<const Stragglers::Stretch> stretches = engine_.stragglers.take(room);
    for (const Stragglers::Stretch &stretch : stretches)
        if (const RegionVisit region = visit(stretch.region))
            region->enqueue_stragglers(stretch.first, stretch.last);
    return !stretches.empty();
}

/// Pages of words, the oldest first, if none of their chunks is in memory, nor in the spill.  With each of the candidates that were asked to leave one page may
/// have come out of use; others that are looked at have not.
void Evictor::give_back_words(std::size_t candidates, const Room &room)
{
    constexpr std::size_t looked_at_for_one = 8;
    if (engine_.budget.tables_beyond_share() == 0)
        return;
    ResidentQueue &pages = engine_.word_pages;
    for (std::size_t left = std::min(candidates * looked_at_for_one, pages.size()); left != 0 && engine_.budget.tables_beyond_share() != 0; --left) {
        const std::span<Candidate> page = pages.pop(room.candidates.first(1), 1);
        if (page.empty())
            return;
        if (const RegionVisit region = visit(page[0].region); region && !region->give_back_words(page[0].chunk))
            (void)pages.push(page[0], ChunkTable::number_of_block(page[0].chunk));
    }
}

Reclaimer::Outcome Evictor::make_room(std::size_t bytes, Need need, const Room &room)
{
    Outcome outcome = make_room_in_queues(bytes, need, room);
    if (outcome.freed == 0 && call_stragglers())
        outcome = make_room_in_queues(bytes, need, room);
    if (outcome.freed == 0 && outcome.failure.code == Code::ok && need == Need::now)
        outcome = make_room_in_queues(bytes, Need::at_any_price, room);
    give_back_words(outcome.asked, room);
    return outcome;
}

Reclaimer::Outcome Evictor::reclaim(std::size_t bytes)
{
    RoomFor<16> small; // it may be a signal handler that asks
    return make_room(bytes, Need::now, small.room());
}

Evictor::~Evictor()
{
    work_.store(ending);
    kernel::futex_wake_all(work_);
    if (thread_.joinable())
        thread_.join();
}

void Evictor::make_room_soon()
{
    // Seen by everybody who fills: one load, unless there is something to do.
    std::uint32_t idle = none;
    if (work_.load(std::memory_order_relaxed) != none)
        return;
    // Who walks takes the frames that he has just left behind, while they are in his cache; unless what is in them has to be stored first.
    if (walks_go_first() && !walks_store_.load(std::memory_order_relaxed))
        return;
    if (!started_.load(std::memory_order_acquire) || !work_.compare_exchange_strong(idle, wanted))
        return;
    kernel::futex_wake_all(work_);
}

void Evictor::prepare() noexcept
{
    if (started_.load(std::memory_order_acquire))
        return;
    const GuardedLock lock(starting_);
    if (thread_.joinable())
        return;
    try {
        thread_ = start_library_thread("ufomem-evict", &engine_, [this] { run(); });
        started_.store(true, std::memory_order_release);
    } catch (...) { // no thread: whoever needs room makes it
    }
}

void Evictor::run() noexcept
{
    RoomFor<64> large; // other processors are interrupted for each batch
    for (;;) {
        std::uint32_t work = work_.load();
        if (work == ending)
            return;
        if (work != wanted || !work_.compare_exchange_strong(work, at_work)) {
            if (!engine_.spill.trim())
                kernel::futex_wait(work_, none, 1000);
            continue;
        }
        while (work_.load() == at_work) {
            const std::size_t missing = engine_.frames.missing_room();
            if (missing == 0)
                break;
            const Outcome outcome = make_room(missing, Need::soon, large.room());
            (void)engine_.spill.trim();
            if (outcome.freed == 0) { // all that is left is in use, or cannot be stored: those who need room report it
                kernel::futex_wait(work_, at_work, 10);
                break;
            }
        }
        work = at_work;
        work_.compare_exchange_strong(work, none);
    }
}

} // namespace ufomem
