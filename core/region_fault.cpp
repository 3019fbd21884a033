// SPDX-License-Identifier: MIT
// How a fault is answered.  What needs no populate is answered at once; the rest is left to a thread that may run user code.
#include "region.hpp"

#include "glance.hpp"
#include "kernel/moment.hpp"

#include <algorithm>

namespace ufomem {

/// Marks and poisons a chunk that is not in memory.  False if it is.
bool Region::poison_absent(ChunkIndex chunk, bool &poisoned) noexcept
{
    std::unique_lock<std::mutex> poisoning(poisoning_, std::defer_lock);
    if (backing_->poison_replaces_mapping())
        poisoning.lock();
    ChunkWord seen = look(chunk);
    do {
        if (seen.is(ChunkState::resident) || seen.is(ChunkState::leaving))
            return false;
        if (seen.has(ChunkWord::poisoned) && backing_->poison_replaces_mapping())
            return poisoned = true;
    } while (!change(chunk, seen, seen.with(ChunkWord::poisoned)));
    poisoned = backing_->poison(chunk);
    return true;
}

/// Ends the threads that ask for a chunk which is not there and will not come.  If it is there after all, they ask again.
Region::Answer Region::refuse_absent(ChunkIndex chunk) noexcept
{
    bool poisoned = true;
    (void)poison_absent(chunk, poisoned);
    if (poisoned)
        backing_->wake(chunk);
    return poisoned ? Answer::done : Answer::refused;
}

/// The same in any case: what is there is left alone, and what is not ends the threads that ask for it.
Region::Answer Region::refuse(const Fault &fault) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    bool poisoned = false;
    if (!poison_absent(chunk, poisoned) && !backing_->poison_replaces_mapping() && !fault.store_to_protected)
        poisoned = backing_->poison(chunk); // what the program has thrown away, or what is on its way out
    if (poisoned)
        backing_->wake(chunk);
    return poisoned ? Answer::done : Answer::refused;
}

Region::Answer Region::answer_quickly(const Fault &fault) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    WaitGraph &graph = WaitGraph::of_process();
    count(&Counters::faults);
    table_.prepare(chunk);
    ChunkWord seen = look(chunk);
    for (;;) {
        // The end of a region waits for the last glance, which may have been left behind by its chunk.
        if (!seen.is(ChunkState::resident) && handle_.phase() != Phase::open && !Glances::any(&handle_)) {
            engine_.log(LogLevel::error, "load or store of chunk %zu of a region that is being freed", chunk.value);
            return refuse_absent(chunk);
        }
        if (!seen.is(ChunkState::resident) && !seen.is(ChunkState::leaving) && loads_only_for_callers()) {
            engine_.log(LogLevel::error, "plain load or store at %p: element chunk %zu is not in memory, and its callback runs only inside calls; call ufo_touch or ufo_pin first",
                        static_cast<const void *>(fault.address), chunk.value);
            return refuse_absent(chunk);
        }
        if (seen.in_transition()) {
            // Whoever works on it wakes the thread.  Unless he waits for that very thread.
            graph.set_waiting(fault.thread, key(chunk));
            if (!change(chunk, seen, seen.with(ChunkWord::waiters))) // also where the bit is set: the state may have ended
                continue;
            if (graph.fills_any(fault.thread) && graph.closes_cycle(fault.thread, key(chunk))) {
                engine_.log(LogLevel::error, "chunk %zu of the region at %p waits for itself: a callback uses the elements that it was called for", chunk.value,
                            static_cast<void *>(body()));
                return refuse(fault);
            }
            if (seen.is(ChunkState::filling))
                (void)note_miss(fault.thread, chunk); // who fills it for him should go on
            return Answer::wait;
        }
        switch (seen.state()) {
        case ChunkState::absent:
        case ChunkState::parked:
            return Answer::fill;
        case ChunkState::failed:
            return refuse_absent(chunk);
        case ChunkState::resident:
            graph.clear_waiting(key(chunk));
            if (fault.store_to_protected)
                return answer_store(fault);
            return answer_discarded(fault);
        case ChunkState::filling:
        case ChunkState::leaving:
            break;
        }
        seen = look(chunk);
    }
}

/// A store to a page that is there but protected.
Region::Answer Region::answer_store(const Fault &fault) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    if (options_.read_only) {
        if (backing_->refuse_stores())
            engine_.log(LogLevel::warning, "store at %p into a read-only region: it ends in a signal, and so will all others", static_cast<const void *>(fault.address));
        backing_->wake(chunk);
        return Answer::not_ours;
    }
    ChunkWord seen = look(chunk);
    while (seen.can_hold())
        if (change(chunk, seen, seen.plus(ChunkWord::one_hold))) {
            const Status status = make_dirty(chunk);
            unhold(chunk);
            if (status.ok()) {
                note_store(fault.thread, chunk);
                break;
            }
            engine_.log(LogLevel::error, "chunk %zu cannot be made writable: %s", chunk.value, last_error());
            return Answer::refused;
        }
    // Woken in any case: if the chunk was on its way out, the thread faults again and is answered by what it finds then.
    backing_->wake(chunk);
    return Answer::done;
}

/// A fault on an absent page of a resident chunk: old news, or the program has thrown the page away.
Region::Answer Region::answer_discarded(const Fault &fault) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    ChunkWord seen = look(chunk);
    while (seen.can_hold()) {
        if (!change(chunk, seen, seen.plus(ChunkWord::one_hold)))
            continue;
        const bool there = backing_->has_page(fault.address);
        unhold(chunk);
        if (!there)
            return Answer::fill;
        if (backing_->may_be_out_of_reach() && !make_reachable(chunk).ok()) {
            engine_.log(LogLevel::error, "chunk %zu of the region at %p is in memory, but out of reach: %s", chunk.value, static_cast<void *>(body()), last_error());
            return Answer::refused;
        }
        break;
    }
    backing_->wake(chunk);
    return Answer::done;
}

/// Brings discarded pages of an unchanged chunk back, while others may use the rest of it.  An error says why they cannot come back.
Status Region::restore_discarded(const Fault &fault, Lasting &lasting) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    ChunkWord seen = look(chunk);
    while (seen.can_hold()) {
        if (!change(chunk, seen, seen.plus(ChunkWord::one_hold)))
            continue;
        const Status status = backing_->has_page(fault.address) ? Status{} : restore_held(fault, seen, lasting);
        unhold(chunk);
        return status;
    }
    return {}; // somebody is at work on it: the thread asks again
}

Status Region::restore_held(const Fault &fault, ChunkWord held, Lasting &lasting) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    const auto lost = [&] {
        lasting = Lasting::yes;
        return fail(Code::lost, "changed pages of chunk %zu of the region at %p were discarded by the program (madvise or munmap on lazy memory); call ufo_reset",
                    chunk.value, static_cast<void *>(body()));
    };
    if (held.has(ChunkWord::dirty)) // and nobody can tell which of the chunk's pages had changes
        return lost();
    if (loads_only_for_callers())
        return fail(Code::stray, "pages of chunk %zu were discarded by the program, and its callback runs only inside calls; call ufo_touch", chunk.value);
    const WaitGraph::Entry entry(WaitGraph::of_process(), &engine_, kernel::this_thread(), key(chunk), WaitGraph::nothing);
    Result<Staging> staging = gather(chunk, held, Access::read, lasting);
    if (!staging.ok())
        return staging.status();
    // Whoever made the chunk dirty meanwhile gave its place in the spill back, and something else may have been read there.
    const bool valid = !held.has(ChunkWord::spilled) || look(chunk).has(ChunkWord::spilled);
    const Status status = valid ? backing_->restore(chunk, *staging) : lost();
    const Failure failure = Failure::of_this_thread(status);
    backing_->abandon(*staging);
    return failure.code == Code::ok ? Status{} : failure.report();
}

/// Lets a chunk fail whose missing pages cannot come back.
Region::Answer Region::give_up_discarded(const Fault &fault, Status status, Lasting lasting) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    const Failure failure = Failure::of_this_thread(status);
    ChunkWord seen = look(chunk);
    // Who holds it, cleans it or glances at it may have lost the processor.  Not for ever: it may be the thread in this fault.
    for (unsigned attempts = 0; seen.is(ChunkState::resident) && seen.pins() == 0 && attempts < 100; ++attempts) {
        if (!seen.can_leave()) {
            kernel::wait_a_moment(attempts, 1'000'000);
            seen = look(chunk);
            continue;
        }
        if (!claim(chunk, seen, seen.to(ChunkState::leaving)))
            continue;
        Result<Outgoing> outgoing = backing_->take_out(geometry_->pages_of(chunk), false);
        if (!outgoing.ok()) { // pages of it are pinned for I/O
            stay(chunk, seen);
            break;
        }
        gone(*outgoing);
        const bool poisoned = publish_failure(chunk, seen.without(ChunkWord::dirty), failure.report(), lasting, true);
        if (poisoned)
            backing_->wake(chunk);
        return poisoned ? Answer::done : Answer::refused;
    }
    if (!seen.is(ChunkState::resident)) { // it has just left by itself
        backing_->wake(chunk);
        return Answer::done;
    }
    engine_.log(LogLevel::error, "pages of chunk %zu of the region at %p, which is in use, cannot be restored: %s", chunk.value, static_cast<void *>(body()),
                failure.text);
    return refuse(fault);
}

Region::Answer Region::answer_by_fill(const Fault &fault) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    // A thread that fills something itself stays in the wait graph until the chunk's end is published; others are woken by the install.
    const bool fills = WaitGraph::of_process().set_waiting(fault.thread, key(chunk));
    ChunkWord seen = look(chunk);
    Reuse reuse = Reuse::likely;
    if (seen.is(ChunkState::absent)) {
        const Neighbours neighbours = note_miss(fault.thread, chunk);
        reuse = neighbours.wanted ? Reuse::unlikely : Reuse::likely;
        if (neighbours.wanted && fill_extent(chunk, neighbours.access)) {
            WaitGraph::of_process().clear_waiting(key(chunk));
            backing_->wake(chunk);
            return Answer::done;
        }
    }
    while (seen.is(ChunkState::absent) || seen.is(ChunkState::parked)) {
        const ChunkWord claimed = seen;
        if (!change(chunk, seen, seen.to(ChunkState::filling).with(fills ? ChunkWord::waiters : 0)))
            continue;
        Sleeper sleeper{!fills};
        if (fill(chunk, claimed, fault.access, Keep::nothing, reuse, &sleeper).ok())
            return Answer::done;
        return sleeper.poisoned ? Answer::done : Answer::refused;
    }
    WaitGraph::of_process().clear_waiting(key(chunk));
    if (seen.is(ChunkState::resident)) {
        Lasting lasting = Lasting::no;
        if (Status status = restore_discarded(fault, lasting); !status.ok())
            return give_up_discarded(fault, status, lasting);
    }
    // If it has left again, or somebody else is at work on it, the thread asks once more.
    backing_->wake(chunk);
    return Answer::done;
}

void Region::reclaim(std::byte *data, std::size_t size) noexcept
{
    std::byte *const begin = std::max(data, body() - geometry_->header_bytes());
    std::byte *const end = std::min(data + size, body() + geometry_->mapped_body_bytes());
    if (begin >= end)
        return;
    const bool all = backing_->reclaim(begin, static_cast<std::size_t>(end - begin));
    engine_.log(all ? LogLevel::warning : LogLevel::error, "the program has unmapped, or moved away, %zu bytes at %p of the region at %p%s",
                static_cast<std::size_t>(end - begin), static_cast<void *>(begin), static_cast<void *>(body()),
                all ? ": they are absent now, and changes in them are lost" : ", and has put something else there: these elements are lost");
}

Region::Answer Region::wait_for(const Fault &fault) noexcept
{
    const ChunkWord seen = look(fault.chunk);
    return !seen.in_transition() || wait_for_change(fault.chunk, seen).ok() ? Answer::done : refuse(fault);
}

} // namespace ufomem
