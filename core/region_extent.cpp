// SPDX-License-Identifier: MIT
// Extents: neighbouring chunks that come in and go out as one, because somebody walks through them.
#include "region.hpp"

#include "kernel/clock.hpp"

#include <algorithm>
#include <cstring>

namespace ufomem {

Readahead::Limits Region::readahead_limits() const
{
    Readahead::Limits limits;
    limits.chunks = geometry_->chunk_count();
    limits.extent = geometry_->extent_chunks();
    limits.ascending = advice_.load(std::memory_order_relaxed) == Advice::sequential;
    // What is filled ahead must not push out what it is wanted beside; and what is wanted at random must not hit the window by chance.
    const std::size_t most_bytes = std::min(options_.readahead_bytes, engine_.budget.low() / 8);
    limits.most_window = std::min(most_bytes / geometry_->chunk_bytes(), std::max<std::size_t>(limits.chunks / 16, 1));
    return limits;
}

namespace {

constexpr std::size_t least_extents = 8; // in the budget, so that they do not chase each other

} // namespace

std::size_t Region::most_filled_at_once() const
{
    const bool by_extents = geometry_->has_extents() && options_.readahead_bytes != 0
                            && engine_.budget.bytes() / least_extents >= Geometry::extent_bytes;
    return by_extents ? Geometry::extent_bytes : geometry_->chunk_bytes();
}

/// Learns from a miss what will be wanted next, and has that filled by others.
Region::Neighbours Region::note_miss(pid_t thread, ChunkIndex chunk) noexcept
{
    const Advice advice = advice_.load(std::memory_order_relaxed);
    if (advice == Advice::random || options_.readahead_bytes == 0)
        return {};
    std::unique_lock lock(readahead_lock_, std::try_to_lock);
    if (!lock)
        return {};
    const Readahead::Plan plan = readahead_.note(thread, chunk.value, readahead_limits());
    lock.unlock();
    const Access access = plan.stores ? Access::write : Access::read;
    if (!loads_only_for_callers() && !(plan.sequential && comes_at_once()))
        engine_.ahead->request({.region = ticket(),
                                .first = ChunkIndex{plan.first},
                                .step = plan.step,
                                .count = plan.count,
                                .neighbours = plan.sequential,
                                .for_walk = true,
                                .access = access});
    return {plan.sequential, access};
}

/// Whether who asks is best served by himself: from his own cache, before a helper could be awake.
bool Region::comes_at_once() const
{
    constexpr std::int64_t quick = 500'000; // nanoseconds for an extent
    return engine_.delivery == Delivery::in_line && extent_nanoseconds_.load(std::memory_order_relaxed) < quick;
}

/// Learns from the first store to a chunk.  Chunks that are expected to be stored to are spared the fault that would report it, and count as
/// changed from the start: only where nobody but the spill sees what was not changed after all.
void Region::note_store(pid_t thread, ChunkIndex chunk) noexcept
{
    if (options_.source->takes_changes())
        return;
    if (const std::unique_lock lock(readahead_lock_, std::try_to_lock); lock)
        readahead_.note_store(thread, chunk.value, readahead_limits());
}

bool Region::left_behind(ChunkRange chunks) noexcept
{
    const std::unique_lock lock(readahead_lock_, std::try_to_lock);
    return lock && !readahead_.in_use(chunks.first.value, chunks.count, readahead_limits());
}

/// Takes all chunks of an extent to filling, or none.  A few may be in memory: a walk whose extents were all in use somewhere would go on chunk by chunk, and so
/// would every walk after it.
bool Region::claim_extent(ChunkRange extent, Forerunners &forerunners) noexcept
{
    const std::size_t most = backing_->has_huge_extents() ? std::clamp<std::size_t>(extent.count / 8, 1, forerunners.chunks.size()) : 0;
    for (ChunkIndex chunk = extent.first; chunk < extent.end(); ++chunk) {
        ChunkWord seen = look(chunk);
        const bool absent = seen.is(ChunkState::absent) && !seen.has(ChunkWord::poisoned);
        const bool joins = seen.can_join() && forerunners.count < most;
        if (!(absent || joins) || !claim(chunk, seen, seen.to(ChunkState::filling), Glancers::respected)) {
            give_up_extent({extent.first, chunk.value - extent.first.value}, forerunners);
            return false;
        }
        if (joins)
            forerunners.chunks[forerunners.count++] = {chunk, seen};
    }
    return true;
}

/// The extent does not come in: those that have not joined it are what they were.
void Region::give_up_extent(ChunkRange claimed, const Forerunners &forerunners) noexcept
{
    ChunkIndex next = claimed.first;
    for (std::size_t i = forerunners.joined; i < forerunners.count; ++i) {
        const auto &[chunk, before] = forerunners.chunks[i];
        publish_extent({next, chunk.value - next.value}, ChunkState::absent);
        publish(chunk, before);
        if (before.is(ChunkState::resident))
            enqueue(chunk); // its turn may have come meanwhile
        next = ChunkIndex{chunk.value + 1};
    }
    publish_extent({next, claimed.end().value - next.value}, ChunkState::absent);
}

/// Ends the transition of chunks that the caller owns, each with the flags that it has.
void Region::publish_extent(ChunkRange chunks, ChunkState state) noexcept
{
    for (ChunkIndex chunk = chunks.first; chunk < chunks.end(); ++chunk)
        publish(chunk, look(chunk).to(state));
}

/// Brings in a chunk with its whole extent, if all of that is absent.  False if it is not to be, or if it fails: the chunk comes alone then,
/// and its failure is its own.
bool Region::fill_extent(ChunkIndex chunk, Access access) noexcept
{
    const ChunkRange extent = geometry_->extent_of(chunk);
    const bool reported = options_.read_only || backing_->tracks_stores();
    if (extent.count == 0 || !reported || geometry_->straddles() || backing_->poison_replaces_mapping()
        || engine_.budget.bytes() / least_extents < Geometry::extent_bytes)
        return false;
    // What was here a little while ago is likely to be used again.
    const Reuse reuse = engine_.walks.is_wanted_again(look(extent.first).left_at()) ? Reuse::likely : Reuse::unlikely;
    Forerunners forerunners;
    if (!claim_extent(extent, forerunners))
        return false;
    const Walks::Arrival arrival(engine_.walks, Geometry::extent_bytes);
    if (bring_in(extent, options_.read_only ? Access::read : access, reuse, forerunners).ok())
        return true;
    give_up_extent(extent, forerunners);
    return false;
}

Status Region::bring_in(ChunkRange extent, Access access, Reuse reuse, Forerunners &forerunners) noexcept
{
    const ByteRange pages = geometry_->pages_of_extent(extent);
    const WaitGraph::Entry entry(WaitGraph::of_process(), &engine_, kernel::this_thread(), key(extent.first),
                                 WaitGraph::nothing, pages.length);
    Result<Staging> staging = backing_->stage(pages, access);
    if (!staging.ok())
        return staging.status();
    const std::int64_t begin = kernel::now_nanoseconds();
    Status status = load_extent(extent, forerunners, staging->data);
    extent_nanoseconds_.store(kernel::now_nanoseconds() - begin, std::memory_order_relaxed);
    if (!status.ok()) {
        backing_->abandon(*staging);
        return status;
    }
    Result<bool> dirty = backing_->install(pages, *staging, access, Wake::no);
    if (!dirty.ok())
        return dirty.status();
    resident_bytes_.fetch_add(pages.length, std::memory_order_relaxed);
    for (ChunkIndex chunk = extent.first; chunk < extent.end(); ++chunk) {
        ChunkWord next = look(chunk).to(ChunkState::resident).without(ChunkWord::poisoned).with(ChunkWord::in_extent);
        if (*dirty) {
            if (next.has(ChunkWord::spilled)) // what it holds will be out of date
                release_spilled(chunk);
            next = next.with(ChunkWord::dirty).without(ChunkWord::spilled);
        }
        publish(chunk, next);
    }
    enqueue(extent, reuse);
    return {};
}

/// What is in memory from there, and the rest from the source and the spill.
Status Region::load_extent(ChunkRange extent, Forerunners &forerunners, std::byte *out) noexcept
{
    const auto place = [&](ChunkIndex chunk) { return out + (chunk.value - extent.first.value) * geometry_->chunk_bytes(); };
    ChunkIndex next = extent.first;
    for (; forerunners.joined < forerunners.count; ++forerunners.joined) {
        const Forerunners::One &forerunner = forerunners.chunks[forerunners.joined];
        if (Status status = load_chunks({next, forerunner.chunk.value - next.value}, place(next)); !status.ok())
            return status;
        if (Status status = join(forerunner, place(forerunner.chunk)); !status.ok())
            return status;
        next = ChunkIndex{forerunner.chunk.value + 1};
    }
    return load_chunks({next, extent.end().value - next.value}, place(next));
}

/// Copies the content of a chunk that is in memory into its extent, and takes it away from where it was.
Status Region::join(const Forerunners::One &forerunner, std::byte *out) noexcept
{
    const auto &[chunk, before] = forerunner;
    const ByteRange pages = geometry_->pages_of(chunk);
    if (before.is(ChunkState::parked)) {
        Result<Staging> parked = backing_->rescue(before, word(chunk), chunk, Access::write);
        if (!parked.ok())
            return parked.status();
        if (!*parked) // its frame was wanted elsewhere
            return load_chunks({chunk, 1}, out);
        std::memcpy(out, parked->data, pages.length);
        backing_->abandon(*parked);
        count(&Counters::rescues);
        return {};
    }
    // As if it had changed: where it is, the program may discard it.
    Result<Outgoing> outgoing = backing_->take_out(pages, true);
    if (!outgoing.ok())
        return outgoing.status();
    std::memcpy(out, outgoing->data, pages.length);
    gone(*outgoing);
    return {};
}

/// Absent chunks: from the source what lies there, and from the spill what has changed.
Status Region::load_chunks(ChunkRange chunks, std::byte *out) noexcept
{
    const std::size_t begin = chunks.first.value * geometry_->chunk_bytes();
    for (ChunkIndex chunk = chunks.first; chunk < chunks.end();) {
        ChunkRange run{chunk, 1};
        const bool spilled = look(chunk).has(ChunkWord::spilled);
        const auto continues = [&](ChunkIndex next) {
            return look(next).has(ChunkWord::spilled) == spilled
                   && (!spilled || spill_place(next) == spill_place(chunk) + run.count * geometry_->chunk_bytes());
        };
        while (run.end() < chunks.end() && continues(run.end()))
            ++run.count;
        const ByteRange data = geometry_->data_of(run);
        std::byte *const to = out + (data.offset - begin);
        if (Status status = spilled ? engine_.spill.load(spill_place(chunk), to, data.length)
                                    : options_.source->load(*geometry_, data, to);
            !status.ok())
            return status;
        if (!spilled)
            count(&Counters::populates);
        count(spilled ? &Counters::spill_read_bytes : &Counters::populated_bytes, data.length);
        chunk = run.end();
    }
    return {};
}

/// Whether a walk that the chunk was asked for is past it.
bool Region::is_stale(ChunkIndex chunk) noexcept
{
    const std::unique_lock lock(readahead_lock_, std::try_to_lock);
    return lock && !readahead_.is_ahead(chunk.value);
}

bool Region::fill_ahead(const Ahead::Request &request, ChunkIndex chunk) noexcept
{
    ChunkWord seen = look(chunk);
    if (!seen.is(ChunkState::absent) && !seen.is(ChunkState::parked))
        return true;
    if (request.for_walk && is_stale(chunk))
        return true;
    if (request.neighbours && fill_extent(chunk, request.access))
        return true;
    if (const ChunkWord claimed = seen; change(chunk, seen, seen.to(ChunkState::filling)))
        return fill(chunk, claimed, Access::read, Keep::nothing, request.neighbours ? Reuse::unlikely : Reuse::likely,
                    nullptr)
            .ok();
    return true;
}

/// Takes out chunks in the leaving state that are all unchanged, or all changed.  False if they stay.
bool Region::leave_together(ChunkRange extent, bool dirty, Eviction &eviction) noexcept
{
    const ByteRange pages = geometry_->pages_of_extent(extent);
    const WaitGraph::Entry entry(WaitGraph::of_process(), &engine_, kernel::this_thread(), key(extent.first),
                                 WaitGraph::nothing, pages.length);
    Result<Outgoing> outgoing = backing_->take_out(pages, dirty);
    if (!outgoing.ok())
        return false;
    bool spilled = false;
    if (dirty)
        if (Status status = store_out(extent, outgoing->data, false, spilled); !status.ok()) {
            eviction.failure = Failure::of_this_thread(status);
            engine_.log(LogLevel::error, "chunks %zu to %zu of the region at %p stay in memory: %s", extent.first.value,
                        extent.end().value - 1, static_cast<void *>(body()), eviction.failure.text);
            (void)backing_->put_back(*outgoing, Stores::allowed);
            return false;
        }
    gone(*outgoing);
    eviction.freed += pages.length;
    eviction.stored |= dirty;
    count(&Counters::evictions, extent.count);
    engine_.walks.note_left(pages.length);
    const ChunkWord::Bits time = engine_.walks.now();
    for (ChunkIndex chunk = extent.first; chunk < extent.end(); ++chunk) {
        const ChunkWord next = look(chunk).absent_since(time).without(ChunkWord::dirty);
        publish(chunk, spilled ? next.with(ChunkWord::spilled) : next);
    }
    return true;
}

void Region::evict_extent(ChunkRange extent, Eviction &eviction) noexcept
{
    queued_.fetch_sub(1, std::memory_order_relaxed);
    const bool dirty = look(extent.first).has(ChunkWord::dirty);
    ChunkIndex chunk = extent.first;
    if (!dirty || !eviction.only_clean)
        for (; chunk < extent.end(); ++chunk) {
            ChunkWord seen = look(chunk);
            if (!seen.can_leave() || !seen.leaves_with_extent() || seen.has(ChunkWord::dirty) != dirty
                || !claim(chunk, seen, seen.to(ChunkState::leaving), Glancers::respected))
                break;
        }
    const ChunkRange claimed{extent.first, chunk.value - extent.first.value};
    if (claimed.count == extent.count && leave_together(extent, dirty, eviction))
        return;
    // Some have changed and others not, or are in use, or have left: from now on they are on their own.
    publish_extent(claimed, ChunkState::resident);
    for (chunk = extent.first; chunk < extent.end(); ++chunk)
        leave_extent(chunk);
}

/// From now on the chunk, if it is in memory, is on its own.
void Region::leave_extent(ChunkIndex chunk) noexcept
{
    ChunkWord seen = look(chunk);
    while (seen.leaves_with_extent() && !change(chunk, seen, seen.without(ChunkWord::in_extent))) {
    }
    if (seen.is(ChunkState::resident) && seen.pins() == 0)
        enqueue(chunk);
}

} // namespace ufomem
