// SPDX-License-Identifier: MIT
// How a chunk comes in: claim it, get a frame, load, install, publish.
#include "region.hpp"

#include "kernel/futex.hpp"
#include "signal_guard.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

#include <sched.h>

namespace ufomem {

/// Brings the chunk in, whatever state it is in, and keeps it from leaving as asked.
Status Region::ensure(ChunkIndex chunk, Access access, Keep keep) noexcept
{
    ChunkWord seen = look(chunk);
    for (bool gave_way = false;;) {
        switch (seen.state()) {
        case ChunkState::resident:
            if (backing_->may_be_out_of_reach()) [[unlikely]]
                if (Status status = make_reachable(chunk); !status.ok())
                    return status;
            if (keep == Keep::nothing)
                return {};
            if (keep == Keep::pin && seen.pins() == ChunkWord::pins_mask / ChunkWord::one_pin)
                return fail(Code::limit, "chunk %zu is pinned %u times already, the most that is possible", chunk.value,
                            seen.pins());
            // Who waits for the last hold would wait for ever if new ones kept coming.  Once only: he may be waiting for us.
            if (keep == Keep::hold && seen.has(ChunkWord::waiters) && !std::exchange(gave_way, true)) {
                const timespec moment{0, 500'000};
                nanosleep(&moment, nullptr);
                break;
            }
            if (seen.can_hold() || (keep == Keep::pin && !seen.cleaning_now())) {
                if (change(chunk, seen, seen.plus(keep == Keep::pin ? ChunkWord::one_pin : ChunkWord::one_hold)))
                    return {};
                continue;
            }
            if (!seen.cleaning_now()) { // as many holds as can be counted: they last for a copy each
                sched_yield();
                break;
            }
            if (Status status = wait_for_change(chunk, seen); !status.ok())
                return status;
            break;
        case ChunkState::absent:
        case ChunkState::parked: {
            // A signal handler of the program that touched the chunk would wait for the thread that it interrupts.
            const SignalGuard guard;
            const Neighbours neighbours = note_miss(kernel::this_thread(), chunk);
            if (neighbours.wanted && fill_extent(chunk, neighbours.access))
                break; // there now, and perhaps gone again: look
            if (const ChunkWord claimed = seen; change(chunk, seen, seen.to(ChunkState::filling)))
                return fill(chunk, claimed, access, keep, neighbours.wanted ? Reuse::unlikely : Reuse::likely, nullptr);
            continue;
        }
        case ChunkState::filling:
        case ChunkState::leaving:
            if (Status status = wait_for_change(chunk, seen); !status.ok())
                return status;
            break;
        case ChunkState::failed:
            if (Status status = failure_of(chunk); !status.ok())
                return status;
            break;
        }
        seen = look(chunk);
    }
}

/// Fills a chunk that the caller has claimed; `claimed` is its word from before.  With `sleeper` for a thread in a fault, which a failure is to end.
Status Region::fill(ChunkIndex chunk, ChunkWord claimed, Access access, Keep keep, Reuse reuse,
                    Sleeper *sleeper) noexcept
{
    if (options_.read_only)
        access = Access::read;
    const WaitGraph::Entry entry(WaitGraph::of_process(), &engine_, kernel::this_thread(), key(chunk),
                                 WaitGraph::nothing);
    Lasting lasting = Lasting::no;
    Result<Staging> staging = gather(chunk, claimed, access, lasting);
    Status status = staging.status();
    if (status.ok())
        status = show(chunk, claimed, access, keep, *staging, sleeper && sleeper->wake ? Wake::yes : Wake::no);
    if (!status.ok()) {
        const bool poisoned = publish_failure(chunk, claimed, status, lasting, sleeper != nullptr);
        if (sleeper) {
            sleeper->poisoned = poisoned;
            if (sleeper->wake && poisoned)
                backing_->wake(chunk);
        }
        return status;
    }
    if (keep != Keep::pin)
        enqueue(chunk, reuse);
    return {};
}

/// The content of the chunk in staging memory.
Result<Staging> Region::gather(ChunkIndex chunk, ChunkWord claimed, Access access, Lasting &lasting) noexcept
{
    if (claimed.is(ChunkState::parked)) {
        Result<Staging> rescued = backing_->rescue(claimed, word(chunk), chunk, access);
        if (!rescued.ok())
            return rescued;
        if (*rescued) {
            count(&Counters::rescues);
            return rescued;
        }
    }
    Result<Staging> staging = backing_->stage(geometry_->pages_of(chunk), access);
    if (!staging.ok())
        return staging;
    if (Status status = load(chunk, claimed, staging->data, lasting); !status.ok()) {
        const Failure failure = Failure::of_this_thread(status);
        backing_->abandon(*staging); // which may fail in its own way
        return failure.report();
    }
    return staging;
}

Status Region::load(ChunkIndex chunk, ChunkWord claimed, std::byte *out, Lasting &lasting) noexcept
{
    const ByteRange data = geometry_->data_of(chunk);
    const std::size_t pages = geometry_->pages_of(chunk).length;
    if (data.length != pages) // at the array's end; in a signal handler even an empty memset takes 0.1 us
        std::memset(out + data.length, 0, pages - data.length);
    if (claimed.has(ChunkWord::spilled)) {
        // A failure here never lasts: to be asked again only after ufo_reset, which forgets changes, would lose them.
        const Status status = engine_.spill.load(spill_place(chunk), out, data.length);
        if (status.ok())
            count(&Counters::spill_read_bytes, data.length);
        return status;
    }
    const std::size_t scratch = options_.source->scratch_bytes(*geometry_, data);
    if (scratch != 0)
        if (Status status = engine_.frames.charge(scratch); !status.ok())
            return status;
    const Status status = load_from_source(data, out);
    if (scratch != 0)
        engine_.frames.discharge(scratch);
    if (status.ok()) {
        count(&Counters::populates);
        count(&Counters::populated_bytes, data.length);
    } else {
        // What the library itself lacks may be there next time.
        lasting = status.code == Code::nomem || status.code == Code::limit ? Lasting::no : Lasting::yes;
    }
    return status;
}

Status Region::load_from_source(ByteRange data, std::byte *out) noexcept
{
    for (unsigned attempt = 0;; ++attempt) {
        const Status status = options_.source->load(*geometry_, data, out);
        if (status.ok() || attempt == options_.retries)
            return status;
        engine_.log(LogLevel::warning, "%s; attempt %u of %u follows", last_error(), attempt + 2, options_.retries + 1);
        const unsigned delay = options_.retry_delay_milliseconds;
        const timespec pause{delay / 1000, static_cast<long>(delay % 1000) * 1'000'000};
        nanosleep(&pause, nullptr);
    }
}

/// Puts the chunk at its address and publishes it.
Status Region::show(ChunkIndex chunk, ChunkWord claimed, Access access, Keep keep, const Staging &staging,
                    Wake wake) noexcept
{
    std::unique_lock<std::mutex> poisoning(poisoning_, std::defer_lock);
    if (backing_->poison_replaces_mapping())
        poisoning.lock();
    if (look(chunk).has(ChunkWord::poisoned))
        if (Status status = backing_->mend(chunk); !status.ok()) {
            backing_->abandon(staging);
            return status;
        }
    const ByteRange pages = geometry_->pages_of(chunk);
    resident_bytes_.fetch_add(pages.length, std::memory_order_relaxed); // before whoever is woken can ask
    Result<bool> dirty = backing_->install(pages, staging, access, wake);
    if (!dirty.ok()) {
        resident_bytes_.fetch_sub(pages.length, std::memory_order_relaxed);
        return dirty.status();
    }
    ChunkWord next = claimed.to(ChunkState::resident).without(ChunkWord::poisoned | ChunkWord::dirty);
    if (*dirty) {
        if (next.has(ChunkWord::spilled)) // what it holds will be out of date
            release_spilled(chunk);
        next = next.with(ChunkWord::dirty).without(ChunkWord::spilled);
    }
    if (keep != Keep::nothing)
        next = next.plus(keep == Keep::pin ? ChunkWord::one_pin : ChunkWord::one_hold);
    publish(chunk, next);
    return {};
}

/// A failure of the source lasts until reset.  Others end the call, or the faulting thread, and may be gone next time.  False if a
/// thread in a fault would not notice.
bool Region::publish_failure(ChunkIndex chunk, ChunkWord claimed, Status status, Lasting lasting,
                             bool for_fault) noexcept
{
    const Failure failure = Failure::of_this_thread(status);
    const ElementRange elements = geometry_->elements_meeting(geometry_->data_of(chunk));
    count(&Counters::failures);
    engine_.log(LogLevel::error, "chunk %zu (elements [%zu, %zu)) of the region at %p cannot be filled: %s",
                chunk.value, elements.first, elements.first + elements.count, static_cast<void *>(body()),
                failure.text);
    // A source can be asked again, but what is lost must not be replaced in silence by what the source has.
    const bool failed = lasting == Lasting::yes && (remember_failure(chunk, failure) || failure.code == Code::lost);
    std::unique_lock<std::mutex> poisoning(poisoning_, std::defer_lock);
    if (backing_->poison_replaces_mapping())
        poisoning.lock();
    ChunkWord next = claimed.to(failed ? ChunkState::failed : ChunkState::absent).without(ChunkWord::poisoned);
    const bool poisoned = (failed || for_fault) && backing_->poison(chunk);
    if (poisoned || look(chunk).has(ChunkWord::poisoned))
        next = next.with(ChunkWord::poisoned);
    publish(chunk, next);
    (void)failure.report(); // the log callback, or the wake-up, may have used the library
    return poisoned;
}

bool Region::remember_failure(ChunkIndex chunk, const Failure &failure) noexcept
{
    const GuardedLock lock(failures_mutex_);
    try {
        failures_.insert_or_assign(chunk.value, failure);
        return true;
    } catch (...) {
        return false;
    }
}

Status Region::failure_of(ChunkIndex chunk) noexcept
{
    const GuardedLock lock(failures_mutex_);
    const auto found = failures_.find(chunk.value);
    if (found != failures_.end())
        return found->second.report();
    if (look(chunk).is(ChunkState::failed)) // there was no memory to remember it
        return fail(Code::lost, "changes of chunk %zu were discarded by the program; call ufo_reset", chunk.value);
    return {}; // reset in between: look again
}

void Region::forget_failure(ChunkIndex chunk) noexcept
{
    const GuardedLock lock(failures_mutex_);
    failures_.erase(chunk.value);
}

void Region::unhold(ChunkIndex chunk) noexcept
{
    ChunkWord seen = look(chunk);
    ChunkWord next;
    do {
        next = seen.minus(ChunkWord::one_hold);
        if (next.holds() == 0) // those who wait for it are threads in calls: no fault waits for a resident chunk
            next = next.without(ChunkWord::waiters);
    } while (!change(chunk, seen, next));
    if (next.holds() == 0 && seen.has(ChunkWord::waiters))
        kernel::futex_wake_all(word(chunk));
}

/// Of a chunk that was put back, and should be open to loads, and to stores if it has changed.
Status Region::make_reachable(ChunkIndex chunk) noexcept
{
    ChunkWord seen = look(chunk);
    while (seen.can_hold()) {
        if (!change(chunk, seen, seen.plus(ChunkWord::one_hold)))
            continue;
        const Status status = backing_->make_reachable(chunk, seen.has(ChunkWord::dirty));
        unhold(chunk);
        return status;
    }
    return {}; // on its way: whoever has it in hands says how that ends
}

/// By somebody who holds the chunk: stores may reach it from now on, and will not be lost.
Status Region::make_dirty(ChunkIndex chunk) noexcept
{
    // Before a store can reach it, so that whoever flushes after the store sees the mark; and shut until stores meet no fault.
    const ChunkWord before{word(chunk).fetch_or(ChunkWord::dirty | ChunkWord::shut, std::memory_order_acq_rel)};
    if (before.has(ChunkWord::spilled)) {
        const ChunkWord cleared{word(chunk).fetch_and(~ChunkWord::spilled, std::memory_order_acq_rel)};
        if (cleared.has(ChunkWord::spilled)) // of several holders one was first
            release_spilled(chunk);
    }
    const Status status = backing_->tracks_stores() ? backing_->unprotect(chunk) : Status{};
    if (status.ok() && !look(chunk).has(ChunkWord::waiters)) // who waits for the last hold wants it shut
        admit_readers(chunk);
    return status;
}

} // namespace ufomem
