// SPDX-License-Identifier: MIT
// How chunks leave, and how changes are kept.  A changed chunk is frozen first, saved second, and given up last.
#include "region.hpp"

#include "kernel/futex.hpp"
#include "signal_guard.hpp"

#include <ctime>
#include <optional>

namespace ufomem {

/// Of one call.  The kernel says "busy" of pages that are pinned for I/O, and of some that it is just busy with itself.
class Region::Patience {
  public:
    /// After a moment, while there is hope.
    bool tries_again(Code code) noexcept
    {
        if (code != Code::pinned || milliseconds_ > most_milliseconds)
            return false;
        const timespec moment{0, milliseconds_ * 1'000'000};
        nanosleep(&moment, nullptr);
        milliseconds_ *= 2;
        return true;
    }

  private:
    static constexpr long most_milliseconds = 16;
    long milliseconds_ = 1;
};

/// Gives frozen, changed neighbours to where changes go, at once; `spilled` if that is now the spill.  By whichever thread lets them leave, or by a caller
/// of flush or free.
Status Region::store_out(ChunkRange chunks, const std::byte *content, bool by_caller, bool &spilled) noexcept
{
    const ByteRange data = geometry_->data_of(chunks);
    Source &source = *options_.source;
    const bool to_source = by_caller ? source.takes_changes() : source.takes_changes_anywhere();
    spilled = false;
    if (!to_source) {
        Result<Spill::Offset> place = engine_.spill.store(content, data.length);
        if (!place.ok())
            return place.status();
        spilled = true;
        for (ChunkIndex chunk = chunks.first; chunk < chunks.end(); ++chunk)
            spill_place(chunk) = *place + (geometry_->data_of(chunk).offset - data.offset);
        count(&Counters::spill_written_bytes, data.length);
        return {};
    }
    const std::size_t scratch = source.scratch_bytes(*geometry_, data);
    if (scratch != 0)
        if (Status status = engine_.frames.charge(scratch); !status.ok())
            return status;
    const Status status = source.store(*geometry_, data, content);
    if (scratch != 0)
        engine_.frames.discharge(scratch);
    if (status.ok())
        count(&Counters::written_back_bytes, data.length);
    return status;
}

void Region::release_spilled(ChunkIndex chunk) noexcept
{
    engine_.spill.release(spill_place(chunk), geometry_->data_of(chunk).length);
}

/// The end of pages that were taken out.
void Region::gone(Outgoing &outgoing) noexcept
{
    backing_->finish({&outgoing, 1});
    resident_bytes_.fetch_sub(outgoing.pages.length, std::memory_order_relaxed);
}

void Region::drop_parked(ChunkIndex chunk, ChunkWord parked) noexcept
{
    Result<Staging> rescued = backing_->rescue(parked, word(chunk), chunk, Access::write);
    if (rescued.ok() && *rescued)
        backing_->abandon(*rescued);
}

/// A chunk that was to be forgotten stays; `claimed` is its word from before.
void Region::stay(ChunkIndex chunk, ChunkWord claimed) noexcept
{
    if (claimed.has(ChunkWord::dirty) && backing_->tracks_stores())
        (void)backing_->unprotect(chunk); // a part of it that was out already has come back as if it were unchanged
    publish(chunk, claimed.to(ChunkState::resident));
    enqueue(chunk);
}

/// Takes out a chunk in the leaving state; `claimed` is its word from before.  False if it stays.
bool Region::leave(ChunkIndex chunk, ChunkWord claimed, Parking parking, Batch &batch, Eviction &eviction) noexcept
{
    const bool dirty = claimed.has(ChunkWord::dirty);
    ChunkWord next = claimed.to(ChunkState::absent).without(ChunkWord::dirty);
    if (dirty)
        finish(batch); // storing may run user code, which may wait for those that are in it
    const auto stays = [&](const Failure &failure) {
        eviction.failure = failure;
        publish(chunk, claimed.to(ChunkState::resident));
        enqueue(chunk);
        return false;
    };

    Result<Outgoing> outgoing = backing_->take_out(geometry_->pages_of(chunk), dirty);
    if (!outgoing.ok())
        return stays(Failure::of_this_thread(outgoing.status()));
    if (dirty) {
        const WaitGraph::Entry entry(WaitGraph::of_process(), &engine_, kernel::this_thread(), key(chunk),
                                     WaitGraph::nothing);
        bool spilled = false;
        if (Status status = store_out({chunk, 1}, outgoing->data, false, spilled); !status.ok()) {
            const Failure failure = Failure::of_this_thread(status);
            engine_.log(LogLevel::error, "chunk %zu of the region at %p stays in memory: %s", chunk.value,
                        static_cast<void *>(body()), failure.text);
            (void)backing_->put_back(*outgoing, Stores::allowed); // which may fail at first
            return stays(failure);
        }
        if (spilled)
            next = next.with(ChunkWord::spilled);
    }
    const std::size_t size = geometry_->pages_of(chunk).length;
    eviction.freed += size;
    eviction.stored |= dirty;
    count(&Counters::evictions);
    resident_bytes_.fetch_sub(size, std::memory_order_relaxed);
    if (parking == Parking::yes && backing_->can_park(*outgoing)) {
        engine_.frames.prepare_parking(outgoing->frame, word(chunk));
        publish(chunk, next.parked_in(outgoing->frame.slot));
        engine_.frames.link_parked(outgoing->frame);
        return true;
    }
    // The rest of its word waits in the table, until the memory of the whole batch is given back.
    if (next.has(ChunkWord::spilled))
        word(chunk).fetch_or(ChunkWord::spilled, std::memory_order_relaxed);
    if (batch.count == batch.items.size())
        finish(batch);
    batch.chunks[batch.count] = chunk;
    batch.items[batch.count++] = std::move(*outgoing);
    return true;
}

void Region::finish(Batch &batch) noexcept
{
    backing_->finish(batch.items.first(batch.count));
    for (std::size_t i = 0; i < batch.count; ++i) {
        const ChunkIndex chunk = batch.chunks[i];
        publish(chunk, look(chunk).to(ChunkState::absent).without(ChunkWord::dirty));
    }
    batch.count = 0;
}

void Region::evict_candidates(std::span<const ChunkIndex> chunks, Batch &batch, Eviction &eviction) noexcept
{
    std::optional<WaitGraph::Entry> entry; // while chunks are on their way out there will be room soon
    for (const ChunkIndex chunk : chunks) {
        queued_.fetch_sub(1, std::memory_order_relaxed);
        ChunkWord seen{word(chunk).fetch_and(~ChunkWord::queued, std::memory_order_acq_rel)};
        seen = seen.without(ChunkWord::queued);
        // A place in the queue from before its extent came means nothing.
        const auto may_leave = [&] { return seen.can_leave() && !seen.leaves_with_extent() && !(eviction.only_clean && seen.has(ChunkWord::dirty)); };
        bool claimed = false;
        for (int attempts = 0; attempts < 3 && may_leave() && !claimed; ++attempts)
            claimed = claim(chunk, seen, seen.to(ChunkState::leaving),
                            eviction.at_any_price ? Glancers::passed_over : Glancers::respected);
        if (claimed) {
            if (!entry)
                entry.emplace(WaitGraph::of_process(), &engine_, kernel::this_thread(), key(chunk), WaitGraph::nothing);
            (void)leave(chunk, seen, eviction.passed ? Parking::no : Parking::yes, batch, eviction);
            eviction.only_clean |= eviction.failure.code != Code::ok;
        } else if (seen.is(ChunkState::resident) && seen.pins() == 0 && !seen.leaves_with_extent()) {
            enqueue(chunk); // its turn comes again
        }
        // Pinned: the last unpin enqueues it; in transition: who ends that.
    }
    finish(batch);
}

Status Region::evict_chunk(ChunkIndex chunk, Batch &batch, Patience &patience) noexcept
{
    ChunkWord seen = look(chunk);
    for (;;) {
        if (seen.is(ChunkState::absent) || seen.is(ChunkState::failed))
            return {};
        if (seen.is(ChunkState::parked)) {
            if (!claim(chunk, seen, seen.to(ChunkState::leaving)))
                continue;
            drop_parked(chunk, seen);
            publish(chunk, seen.to(ChunkState::absent));
            return {};
        }
        if (seen.pins() != 0) {
            give_up_waiting(chunk, seen);
            return fail(Code::pinned, "chunk %zu is pinned and stays in memory; unpin it first", chunk.value);
        }
        if (seen.can_leave()) {
            if (!claim(chunk, seen, seen.to(ChunkState::leaving)))
                continue;
            Eviction eviction;
            if (leave(chunk, seen, Parking::no, batch, eviction))
                return {};
            finish(batch); // never wait with chunks in hand
            if (!patience.tries_again(eviction.failure.code))
                return eviction.failure.report();
        } else {
            finish(batch);
            if (Status status = wait_for_change(chunk, seen); !status.ok())
                return status;
        }
        seen = look(chunk);
    }
}

Status Region::evict(ElementRange range) noexcept
{
    const SignalGuard guard;
    BatchOf<16> batch;
    Patience patience;
    const Status status = for_each_chunk(range, [&](ChunkIndex chunk) { return evict_chunk(chunk, batch, patience); });
    finish(batch);
    return status;
}

/// Forgets the chunk's content, here and in the spill.
Status Region::reset_chunk(ChunkIndex chunk, Patience &patience) noexcept
{
    ChunkWord seen = look(chunk);
    for (;;) {
        if (seen.pins() != 0) {
            give_up_waiting(chunk, seen);
            return fail(Code::pinned, "chunk %zu is pinned and keeps its content; unpin it first", chunk.value);
        }
        const bool resident = seen.can_leave();
        const bool away = seen.is(ChunkState::absent) || seen.is(ChunkState::parked) || seen.is(ChunkState::failed);
        if (!resident && !away) {
            if (Status status = wait_for_change(chunk, seen); !status.ok())
                return status;
            seen = look(chunk);
            continue;
        }
        if (!claim(chunk, seen, seen.to(ChunkState::leaving)))
            continue;
        if (away)
            break;
        Result<Outgoing> outgoing = backing_->take_out(geometry_->pages_of(chunk), false);
        if (outgoing.ok()) {
            gone(*outgoing);
            break;
        }
        const Failure failure = Failure::of_this_thread(outgoing.status());
        stay(chunk, seen);
        if (!patience.tries_again(failure.code))
            return failure.report();
        seen = look(chunk);
    }
    if (seen.is(ChunkState::parked))
        drop_parked(chunk, seen);
    else if (seen.is(ChunkState::failed))
        forget_failure(chunk);
    if (seen.has(ChunkWord::spilled))
        release_spilled(chunk);
    std::unique_lock<std::mutex> poisoning(poisoning_, std::defer_lock);
    if (backing_->poison_replaces_mapping())
        poisoning.lock();
    Status status;
    ChunkWord next = ChunkWord{}.to(ChunkState::absent);
    const bool poisoned = look(chunk).has(ChunkWord::poisoned);
    if (poisoned || backing_->is_half_mapped(chunk)) {
        status = backing_->mend(chunk);
        if (poisoned && !status.ok())
            next = next.with(ChunkWord::poisoned);
    }
    publish(chunk, next);
    return status;
}

Status Region::reset(ElementRange range) noexcept
{
    const SignalGuard guard;
    Patience patience;
    return for_each_chunk(range, [&](ChunkIndex chunk) { return reset_chunk(chunk, patience); });
}

Status Region::forget_failures(ElementRange range) noexcept
{
    const SignalGuard guard;
    Patience patience;
    return for_each_chunk(
        range, [&](ChunkIndex chunk) { return look(chunk).is(ChunkState::failed) ? reset_chunk(chunk, patience) : Status{}; });
}

/// Takes the chunk out, stores it and puts it back.  Not frozen: pages of it are pinned for I/O, and stay where they are.
Status Region::store_frozen(ChunkIndex chunk, bool &frozen, bool &protected_again, bool &spilled) noexcept
{
    Result<Outgoing> outgoing = backing_->take_out(geometry_->pages_of(chunk), true);
    frozen = outgoing.ok() || outgoing.status().code != Code::pinned;
    if (!outgoing.ok())
        return frozen ? outgoing.status() : Status{};
    const Status status = store_out({chunk, 1}, outgoing->data, true, spilled);
    FirstFailure failure;
    failure.note(status);
    protected_again = backing_->put_back(*outgoing, status.ok() ? Stores::reported : Stores::allowed); // which may fail at first
    return failure.report();
}

/// Saves a resident, changed chunk in the cleaning state; it stays.  `claimed` is its word from before.
Status Region::clean(ChunkIndex chunk, ChunkWord claimed) noexcept
{
    const WaitGraph::Entry entry(WaitGraph::of_process(), &engine_, kernel::this_thread(), key(chunk),
                                 WaitGraph::nothing);
    const bool to_source = options_.source->takes_changes();
    const bool taken_out = backing_->tracks_stores() && claimed.pins() == 0;
    Status status;
    bool frozen = false;
    bool protected_again = false;
    bool spilled = false;
    if (taken_out)
        status = store_frozen(chunk, frozen, protected_again, spilled);
    // What cannot be frozen is stored as it is, and counts as changed as before; to spill it would be of no use.
    if (!frozen && to_source)
        status = store_out({chunk, 1}, backing_->at(chunk), true, spilled);

    const bool dirty = taken_out ? !protected_again : claimed.has(ChunkWord::dirty);
    const bool was_spilled = claimed.has(ChunkWord::spilled) && !(to_source && status.ok());
    const bool stays_spilled = !dirty && (spilled || was_spilled);
    if ((spilled || claimed.has(ChunkWord::spilled)) && !stays_spilled)
        release_spilled(chunk);
    ChunkWord seen = look(chunk); // others may unpin it meanwhile
    ChunkWord next;
    do {
        next = seen.without(ChunkWord::cleaning | ChunkWord::waiters | ChunkWord::dirty | ChunkWord::spilled);
        if (!closing_.load(std::memory_order_relaxed))
            next = next.without(ChunkWord::shut);
        next = next.with((dirty ? ChunkWord::dirty : 0) | (stays_spilled ? ChunkWord::spilled : 0));
    } while (!change(chunk, seen, next));
    wake_after(chunk, seen);
    return status;
}

/// Gives a chunk that is in the spill only to the source.  It is in the filling state; `claimed` is its word from before.
Status Region::flush_spilled(ChunkIndex chunk, ChunkWord claimed) noexcept
{
    const WaitGraph::Entry entry(WaitGraph::of_process(), &engine_, kernel::this_thread(), key(chunk),
                                 WaitGraph::nothing);
    Lasting lasting = Lasting::no;
    Result<Staging> staging = gather(chunk, claimed, Access::write, lasting);
    Status status = staging.status();
    if (status.ok()) {
        bool spilled = false;
        status = store_out({chunk, 1}, staging->data, true, spilled);
        const Failure failure = Failure::of_this_thread(status);
        backing_->abandon(*staging);
        if (!status.ok())
            (void)failure.report();
    }
    ChunkWord next = claimed.to(ChunkState::absent);
    if (status.ok()) {
        release_spilled(chunk);
        next = next.without(ChunkWord::spilled);
    }
    publish(chunk, look(chunk).has(ChunkWord::poisoned) ? next.with(ChunkWord::poisoned) : next);
    return status;
}

Status Region::flush_chunk(ChunkIndex chunk) noexcept
{
    const bool to_source = options_.source->takes_changes();
    ChunkWord seen = look(chunk);
    for (;;) {
        const bool only_spilled = to_source && seen.has(ChunkWord::spilled);
        const bool changed = seen.has(ChunkWord::dirty) || only_spilled;
        switch (seen.state()) {
        case ChunkState::absent:
        case ChunkState::parked:
            if (!only_spilled)
                return {};
            if (const ChunkWord claimed = seen; change(chunk, seen, seen.to(ChunkState::filling)))
                return flush_spilled(chunk, claimed);
            continue;
        case ChunkState::failed:
            return {};
        case ChunkState::resident:
            // Where stores are not tracked, spilling a chunk that stays would be of no use.
            if (!changed || (!to_source && !backing_->tracks_stores()))
                return {};
            if (seen.can_clean()) {
                if (const ChunkWord claimed = seen; claim(chunk, seen, seen.with(ChunkWord::cleaning)))
                    return clean(chunk, claimed);
                continue;
            }
            break;
        case ChunkState::filling:
        case ChunkState::leaving:
            break;
        }
        if (Status status = wait_for_change(chunk, seen); !status.ok())
            return status;
        seen = look(chunk);
    }
}

Status Region::flush(ElementRange range) noexcept
{
    if (options_.read_only || range.count == 0)
        return {};
    const SignalGuard guard;
    Status status = for_each_chunk(range, [this](ChunkIndex chunk) { return flush_chunk(chunk); });
    const Failure failure = Failure::of_this_thread(status);
    // What was written earlier, when chunks left, becomes durable too.
    if (Status synced = options_.source->sync(); status.ok())
        return synced;
    return failure.report();
}

/// The end: the memory is unmapped already, and nobody is inside.
void Region::drop_everything() noexcept
{
    std::size_t bytes = 0;
    table_.for_each_touched(table_.all(), [&](ChunkIndex chunk) {
        ChunkWord seen = look(chunk);
        if (seen.is(ChunkState::resident) || seen.is(ChunkState::leaving)) // the latter by retire_words()
            bytes += geometry_->pages_of(chunk).length;
        while (seen.is(ChunkState::parked)) // until whoever wants its frame is done with the word
            if (const ChunkWord parked = seen; change(chunk, seen, seen.to(ChunkState::absent))) {
                drop_parked(chunk, parked);
                break;
            }
        if (seen.has(ChunkWord::spilled))
            release_spilled(chunk);
    });
    if (bytes != 0)
        engine_.frames.discharge(bytes);
}

} // namespace ufomem
