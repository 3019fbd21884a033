// SPDX-License-Identifier: MIT
// How a fault is answered.  What needs no populate is answered at once; the rest is left to a thread that may run user code.
#include "region.hpp"

#include "kernel/futex.hpp"

#include <unistd.h>

namespace ufomem {

/// Marks and poisons a chunk that is not in memory.  False if it is.
bool Region::poison_absent(ChunkIndex chunk) noexcept
{
    std::unique_lock<std::mutex> poisoning(poisoning_, std::defer_lock);
    if (backing_->poison_replaces_mapping())
        poisoning.lock();
    ChunkWord seen = look(chunk);
    do {
        if (seen.is(ChunkState::resident) || seen.is(ChunkState::leaving))
            return false;
        if (seen.has(ChunkWord::poisoned) && backing_->poison_replaces_mapping())
            return true;
    } while (!change(chunk, seen, seen.with(ChunkWord::poisoned)));
    backing_->poison(chunk);
    return true;
}

void Region::poison(ChunkIndex chunk) noexcept
{
    table_.mark_touched(chunk);
    // What is there is left alone, and what the program has thrown away of a resident chunk gets an end.
    if (!poison_absent(chunk) && !backing_->poison_replaces_mapping())
        backing_->poison(chunk);
    backing_->wake(chunk);
}

Region::Answer Region::answer_quickly(const Fault &fault) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    WaitGraph &graph = WaitGraph::of_process();
    count(&Counters::faults);
    ChunkWord seen = look(chunk);
    for (;;) {
        if (!seen.is(ChunkState::resident) && handle_.phase() != Phase::open) {
            engine_.log(LogLevel::error, "load or store of chunk %zu of a region that is being freed", chunk.value);
            poison(chunk);
            return Answer::done;
        }
        if (!seen.is(ChunkState::resident) && !seen.is(ChunkState::leaving) && loads_only_for_callers()) {
            engine_.log(LogLevel::error, "plain load or store at %p: element chunk %zu is not in memory, and its callback runs only inside calls; call ufo_touch or ufo_pin first",
                        static_cast<const void *>(fault.address), chunk.value);
            poison(chunk);
            return Answer::done;
        }
        if (seen.in_transition()) {
            // Whoever works on it wakes the thread.  Unless he waits for that very thread.
            graph.set_waiting(fault.thread, key(chunk));
            if (!seen.has(ChunkWord::waiters) && !change(chunk, seen, seen.with(ChunkWord::waiters)))
                continue;
            if (graph.fills_any(fault.thread) && graph.closes_cycle(fault.thread, key(chunk))) {
                engine_.log(LogLevel::error, "chunk %zu of the region at %p waits for itself: a callback uses the elements that it was called for", chunk.value,
                            static_cast<void *>(body()));
                poison(chunk);
                return Answer::done;
            }
            return Answer::wait;
        }
        switch (seen.state()) {
        case ChunkState::absent:
        case ChunkState::parked:
            return Answer::fill;
        case ChunkState::failed:
            backing_->poison(chunk);
            backing_->wake(chunk);
            return Answer::done;
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
            if (!status.ok())
                engine_.log(LogLevel::error, "chunk %zu cannot be made writable: %s", chunk.value, last_error());
            unhold(chunk);
            break;
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
        const bool there = kernel::is_present(fault.address);
        unhold(chunk);
        if (there)
            break;
        return Answer::fill;
    }
    backing_->wake(chunk);
    return Answer::done;
}

/// Brings discarded pages of an unchanged chunk back, while others may use the rest of it.
Status Region::restore_discarded(const Fault &fault) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    ChunkWord seen = look(chunk);
    while (seen.can_hold() && !seen.has(ChunkWord::dirty)) {
        if (!change(chunk, seen, seen.plus(ChunkWord::one_hold)))
            continue;
        Status status;
        if (!kernel::is_present(fault.address)) {
            const WaitGraph::Entry entry(WaitGraph::of_process(), &engine_, gettid(), key(chunk), WaitGraph::nothing);
            Lasting lasting = Lasting::no;
            Result<Staging> staging = gather(chunk, seen, Access::read, lasting);
            status = staging.status();
            if (status.ok()) {
                status = backing_->restore(chunk, *staging);
                backing_->abandon(*staging);
            }
        }
        unhold(chunk);
        return status;
    }
    return {};
}

/// Changes that the program discarded (by madvise, for example) are lost, and nobody can tell which of the chunk's pages had some.
void Region::give_up_discarded(const Fault &fault) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    ChunkWord seen = look(chunk);
    while (seen.has(ChunkWord::dirty) && seen.can_leave()) {
        if (!change(chunk, seen, seen.to(ChunkState::leaving)))
            continue;
        if (kernel::is_present(fault.address)) { // somebody has filled the chunk since
            publish(chunk, seen);
            return;
        }
        Result<Outgoing> outgoing = backing_->take_out(chunk, false);
        if (outgoing.ok())
            backing_->finish({&*outgoing, 1});
        resident_bytes_.fetch_sub(geometry_->pages_of(chunk).length, std::memory_order_relaxed);
        const Status status = fail(Code::lost, "changed pages of chunk %zu of the region at %p were discarded by the program (madvise or munmap on lazy memory); call ufo_reset",
                                   chunk.value, static_cast<void *>(body()));
        publish_failure(chunk, seen.without(ChunkWord::dirty), status, Lasting::yes, true);
        return;
    }
    if (seen.has(ChunkWord::dirty) && seen.is(ChunkState::resident) && !kernel::is_present(fault.address)) {
        engine_.log(LogLevel::error, "changed pages of pinned chunk %zu of the region at %p were discarded by the program", chunk.value,
                    static_cast<void *>(body()));
        backing_->poison(chunk); // those that are gone
    }
}

void Region::answer_by_fill(const Fault &fault) noexcept
{
    const ChunkIndex chunk = fault.chunk;
    table_.mark_touched(chunk);
    WaitGraph::of_process().set_waiting(fault.thread, key(chunk));
    ChunkWord seen = look(chunk);
    while (seen.is(ChunkState::absent) || seen.is(ChunkState::parked)) {
        const ChunkWord claimed = seen;
        if (!change(chunk, seen, seen.to(ChunkState::filling).with(ChunkWord::waiters)))
            continue;
        if (fill(chunk, claimed, fault.access, Keep::nothing, true).ok())
            read_ahead(chunk);
        return;
    }
    if (seen.is(ChunkState::resident)) {
        if (!restore_discarded(fault).ok()) {
            engine_.log(LogLevel::error, "discarded pages of chunk %zu cannot be restored: %s", chunk.value, last_error());
            backing_->poison(chunk);
        }
        give_up_discarded(fault);
    }
    // If it has left again, or somebody else is at work on it, the thread asks once more.
    WaitGraph::of_process().clear_waiting(key(chunk));
    backing_->wake(chunk);
}

/// For a thread that answers its own fault and met a chunk in transition.
bool Region::wait_for(ChunkIndex chunk) noexcept
{
    const ChunkWord seen = look(chunk);
    return !seen.in_transition() || wait_for_change(chunk, seen).ok();
}

} // namespace ufomem
