// SPDX-License-Identifier: MIT
// Extents: neighbouring chunks that come in and go out as one, because somebody walks through them.
#include "region.hpp"

#include <algorithm>

#include <unistd.h>

namespace ufomem {

/// Learns from a miss what will be wanted next, and has that filled by others.  True if neighbours of the chunk will be wanted, too.
bool Region::note_miss(pid_t thread, ChunkIndex chunk) noexcept
{
    const Advice advice = advice_.load(std::memory_order_relaxed);
    if (advice == Advice::random || options_.readahead_bytes == 0)
        return false;
    Readahead::Limits limits;
    limits.chunks = geometry_->chunk_count();
    limits.extent = geometry_->extent_chunks();
    // What is filled ahead must not push out what it is wanted beside.
    limits.most_window = std::min(options_.readahead_bytes, engine_.budget.low() / 8) / geometry_->chunk_bytes();
    if (!readahead_lock_.try_lock())
        return false;
    Readahead::Plan plan = readahead_.note(thread, chunk.value, limits);
    readahead_lock_.unlock();
    if (advice == Advice::sequential && plan.step == 0) {
        plan.sequential = true;
        plan.step = 1;
        plan.first = chunk.value + 1;
        plan.count = std::min(limits.most_window, limits.chunks - plan.first);
    }
    if (!loads_only_for_callers())
        engine_.prefetcher.request(ticket(), ChunkIndex{plan.first}, plan.step, plan.count);
    return plan.sequential;
}

/// Takes all chunks of an extent from absent to filling, or none.
bool Region::claim_extent(ChunkRange extent) noexcept
{
    for (ChunkIndex chunk = extent.first; chunk < extent.end(); ++chunk) {
        table_.mark_touched(chunk);
        ChunkWord seen = look(chunk);
        const bool untouched = seen.without(ChunkWord::queued).bits() == ChunkWord{}.bits();
        if (!untouched || !change(chunk, seen, seen.to(ChunkState::filling))) {
            publish_extent({extent.first, chunk.value - extent.first.value}, ChunkState::absent);
            return false;
        }
    }
    return true;
}

/// Ends the transition of chunks that the caller owns, each with the flags that it has.
void Region::publish_extent(ChunkRange chunks, ChunkState state) noexcept
{
    for (ChunkIndex chunk = chunks.first; chunk < chunks.end(); ++chunk)
        publish(chunk, look(chunk).to(state));
}

/// Brings in a chunk with its whole extent, if all of that is absent.  False if it is not to be, or if it fails: the chunk comes alone then,
/// and its failure is its own.
bool Region::fill_extent(ChunkIndex chunk) noexcept
{
    const ChunkRange extent = geometry_->extent_of(chunk);
    constexpr std::size_t least_extents = 8; // in the budget, so that they do not chase each other
    const bool reported = options_.read_only || backing_->tracks_stores();
    if (extent.count == 0 || !reported || geometry_->straddles() || backing_->poison_replaces_mapping() ||
        engine_.budget.bytes() / least_extents < Geometry::extent_bytes || !claim_extent(extent))
        return false;
    if (load_extent(extent).ok())
        return true;
    publish_extent(extent, ChunkState::absent);
    return false;
}

Status Region::load_extent(ChunkRange extent) noexcept
{
    const ByteRange pages = geometry_->pages_of_extent(extent);
    const WaitGraph::Entry entry(WaitGraph::of_process(), &engine_, gettid(), key(extent.first), WaitGraph::nothing, pages.length);
    Result<Staging> staging = backing_->stage(pages, Access::read);
    if (!staging.ok())
        return staging.status();
    if (Status status = options_.source->load(*geometry_, pages, staging->data); !status.ok()) {
        backing_->abandon(*staging);
        return status;
    }
    count(&Counters::populates);
    count(&Counters::populated_bytes, pages.length);
    if (Result<bool> dirty = backing_->install(pages, *staging, Access::read); !dirty.ok())
        return dirty.status();
    resident_bytes_.fetch_add(pages.length, std::memory_order_relaxed);
    for (ChunkIndex chunk = extent.first; chunk < extent.end(); ++chunk)
        publish(chunk, ChunkWord{}.to(ChunkState::resident));
    enqueue(extent);
    return {};
}

bool Region::fill_ahead(ChunkIndex chunk, bool neighbours) noexcept
{
    ChunkWord seen = look(chunk);
    if (!seen.is(ChunkState::absent) && !seen.is(ChunkState::parked))
        return true;
    if (neighbours && fill_extent(chunk))
        return true;
    table_.mark_touched(chunk);
    if (const ChunkWord claimed = seen; change(chunk, seen, seen.to(ChunkState::filling)))
        return fill(chunk, claimed, Access::read, Keep::nothing, nullptr).ok();
    return true;
}

void Region::evict_extent(ChunkRange extent, Eviction &eviction) noexcept
{
    queued_.fetch_sub(1, std::memory_order_relaxed);
    ChunkIndex chunk = extent.first;
    for (; chunk < extent.end(); ++chunk) {
        ChunkWord seen = look(chunk);
        if (!seen.can_leave() || seen.has(ChunkWord::dirty) || !change(chunk, seen, seen.to(ChunkState::leaving)))
            break;
    }
    const ChunkRange claimed{extent.first, chunk.value - extent.first.value};
    if (claimed.count == extent.count) {
        const ByteRange pages = geometry_->pages_of_extent(extent);
        const WaitGraph::Entry entry(WaitGraph::of_process(), &engine_, gettid(), key(extent.first), WaitGraph::nothing, pages.length);
        if (Result<Outgoing> outgoing = backing_->take_out(pages, false); outgoing.ok()) {
            backing_->finish({&*outgoing, 1});
            eviction.freed += pages.length;
            count(&Counters::evictions, extent.count);
            resident_bytes_.fetch_sub(pages.length, std::memory_order_relaxed);
            publish_extent(extent, ChunkState::absent);
            return;
        }
    }
    // One of them has changed, is in use, or has left: from now on they are on their own.
    publish_extent(claimed, ChunkState::resident);
    for (chunk = extent.first; chunk < extent.end(); ++chunk)
        if (const ChunkWord seen = look(chunk); seen.is(ChunkState::resident) && seen.pins() == 0)
            enqueue(chunk);
}

} // namespace ufomem
