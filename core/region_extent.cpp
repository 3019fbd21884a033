// SPDX-License-Identifier: MIT
// Extents: neighbouring chunks that come in and go out as one, because somebody walks through them.
#include "region.hpp"

#include "kernel/clock.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <sched.h>

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

namespace {

/// Calls use(chunks) for what lies between some chunks of an extent, which are in order.
template <class Use> void between(std::span<const ChunkIndex> chunks, ChunkRange extent, Use use)
{
    ChunkIndex next = extent.first;
    for (const ChunkIndex chunk : chunks) {
        if (next < chunk)
            use(ChunkRange{next, chunk.value - next.value});
        next = chunk + 1;
    }
    if (next < extent.end())
        use(ChunkRange{next, extent.end().value - next.value});
}

} // namespace

/// Takes the absent chunks of an extent to filling, if that is all of them but for a few that can join it.  A walk whose extents were all in use somewhere would go
/// on chunk by chunk otherwise, and so would every walk after it.
bool Region::claim_extent(ChunkRange extent, Forerunners &forerunners) noexcept
{
    // Plain loads of what was touched are served only as long as it is there; and what has failed once is not tried again for each of them.
    const bool can_join = backing_->has_huge_extents() && !loads_only_for_callers()
                          && refused_extent_.load(std::memory_order_relaxed) != extent.first.value;
    const std::size_t most = can_join ? std::clamp<std::size_t>(extent.count / 8, 1, Forerunners::most) : 0;
    for (ChunkIndex chunk = extent.first; chunk < extent.end(); ++chunk) {
        ChunkWord seen = look(chunk);
        if (seen.can_join() && forerunners.count < most) {
            forerunners.chunks[forerunners.count++] = chunk;
        } else if (!seen.is(ChunkState::absent) || seen.has(ChunkWord::poisoned) || !change(chunk, seen, seen.to(ChunkState::filling))) {
            give_up_extent({extent.first, chunk.value - extent.first.value}, forerunners);
            return false;
        }
    }
    return true;
}

/// The extent does not come in: what has not joined it stays in memory.
void Region::give_up_extent(ChunkRange claimed, const Forerunners &forerunners) noexcept
{
    between(forerunners.not_joined(), claimed, [this](ChunkRange chunks) { publish_extent(chunks, ChunkState::absent); });
}

/// Ends the transition of chunks that the caller owns, each with the flags that it has.
void Region::publish_extent(ChunkRange chunks, ChunkState state) noexcept
{
    for (ChunkIndex chunk = chunks.first; chunk < chunks.end(); ++chunk)
        publish(chunk, look(chunk).to(state));
}

/// Brings in a chunk with its whole extent, if next to nothing of that is in memory.  False if it is not to be, or if it fails: the chunk comes alone then,
/// and its failure is its own.
bool Region::fill_extent(ChunkIndex chunk, Access access) noexcept
{
    const ChunkRange extent = geometry_->extent_of(chunk);
    const bool reported = options_.read_only || backing_->tracks_stores();
    if (extent.count == 0 || !reported || geometry_->straddles() || backing_->poison_replaces_mapping()
        || engine_.budget.bytes() / least_extents < Geometry::extent_bytes)
        return false;
    // What was here a little while ago is likely to be used again.
    const Reuse reuse = engine_.walks.is_wanted_again(left_at(extent)) ? Reuse::likely : Reuse::unlikely;
    Forerunners forerunners;
    if (!claim_extent(extent, forerunners))
        return false;
    const Walks::Arrival arrival(engine_.walks, Geometry::extent_bytes);
    if (bring_in(extent, options_.read_only ? Access::read : access, reuse, forerunners).ok())
        return true;
    refused_extent_.store(extent.first.value, std::memory_order_relaxed);
    give_up_extent(extent, forerunners);
    return false;
}

/// When the first of its chunks left that did so with a walk; 0: none.
ChunkWord::Bits Region::left_at(ChunkRange extent) const noexcept
{
    ChunkWord::Bits time = 0;
    for (ChunkIndex chunk = extent.first; chunk < extent.end() && time == 0; ++chunk)
        time = look(chunk).left_at();
    return time;
}

/// What the thread fills, in the wait graph: callbacks may wait for what lies between.
class Region::Pieces {
  public:
    Pieces(Region &region, std::size_t forerunners) : region_(region), room_(WaitGraph::of_process(), forerunners == 0 ? 0 : 2 * forerunners + 1) {}
    bool has_room() const { return room_.granted(); }
    void add(ChunkRange chunks) noexcept
    {
        entries_[count_++].emplace(WaitGraph::of_process(), &region_.engine_, kernel::this_thread(), region_.key(chunks.first), WaitGraph::nothing,
                                   region_.geometry_->pages_of_extent(chunks).length);
    }

  private:
    Region &region_;
    const WaitGraph::Room room_;
    std::array<std::optional<WaitGraph::Entry>, 2 * Forerunners::most + 1> entries_; // what is absent between the forerunners, and later those
    std::size_t count_ = 0;
};

Status Region::bring_in(ChunkRange extent, Access access, Reuse reuse, Forerunners &forerunners) noexcept
{
    const ByteRange pages = geometry_->pages_of_extent(extent);
    Pieces pieces(*this, forerunners.count); // before the wait for a frame: others have to see what this thread fills
    if (!pieces.has_room())
        return Status{Code::stray};
    between(forerunners.not_joined(), extent, [&](ChunkRange chunks) { pieces.add(chunks); });
    Result<Staging> staging = backing_->stage(pages, access);
    if (!staging.ok())
        return staging.status();
    const std::int64_t begin = kernel::now_nanoseconds();
    Status status = load_extent(extent, forerunners, pieces, staging->data);
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
    if (refused_extent_.load(std::memory_order_relaxed) != no_extent)
        refused_extent_.store(no_extent, std::memory_order_relaxed);
    return {};
}

/// Where a chunk belongs in the memory for several neighbours.
std::byte *Region::place_in(std::byte *memory, ChunkRange chunks, ChunkIndex chunk) const { return memory + (chunk.value - chunks.first.value) * geometry_->chunk_bytes(); }

/// What is absent, and only then what is in memory: a callback may use it.
Status Region::load_extent(ChunkRange extent, Forerunners &forerunners, Pieces &pieces, std::byte *out) noexcept
{
    Status status = load_sourced(extent, forerunners, out);
    between(forerunners.not_joined(), extent, [&](ChunkRange chunks) {
        if (status.ok())
            status = load_spilled(chunks, place_in(out, extent, chunks.first));
    });
    while (status.ok() && forerunners.joined < forerunners.count) {
        const ChunkIndex chunk = forerunners.chunks[forerunners.joined];
        status = join(chunk, pieces, place_in(out, extent, chunk));
        forerunners.joined += status.ok() ? 1 : 0;
    }
    return status;
}

/// What the source has to give.  User code is called once, for all from the first such chunk to the last: it may use what it is not asked for, and everything that is
/// absent here is being filled by this very thread.  What lies between is asked for in vain, unless that would be the greater part.
Status Region::load_sourced(ChunkRange extent, const Forerunners &forerunners, std::byte *out) noexcept
{
    const bool in_one_call = options_.source->runs_user_code();
    ChunkRange span{extent.first, 0};
    std::size_t needed = 0;
    Status status;
    const auto add = [&](ChunkRange run) {
        if (in_one_call) {
            span = needed == 0 ? run : ChunkRange{span.first, run.end().value - span.first.value};
            needed += run.count;
        } else if (status.ok()) {
            status = load_run(run, place_in(out, extent, run.first));
        }
    };
    between(forerunners.not_joined(), extent, [&](ChunkRange chunks) {
        for (ChunkRange run{chunks.first, 0}; run.first < chunks.end(); run = {run.end() + 1, 0}) {
            while (run.end() < chunks.end() && !look(run.end()).has(ChunkWord::spilled))
                ++run.count;
            if (run.count != 0)
                add(run);
        }
    });
    if (needed == 0)
        return status;
    return needed * 2 < span.count ? Status{Code::stray} : load_run(span, place_in(out, extent, span.first));
}

Status Region::load_run(ChunkRange run, std::byte *out) noexcept
{
    const ByteRange data = geometry_->data_of(run);
    if (Status status = options_.source->load(*geometry_, data, out); !status.ok())
        return status;
    count(&Counters::populates);
    count(&Counters::populated_bytes, data.length);
    return {};
}

/// What has changed, from the spill.
Status Region::load_spilled(ChunkRange chunks, std::byte *out) noexcept
{
    for (ChunkIndex chunk = chunks.first; chunk < chunks.end();) {
        ChunkRange run{chunk, 1};
        const bool spilled = look(chunk).has(ChunkWord::spilled);
        const auto continues = [&](ChunkIndex next) {
            return look(next).has(ChunkWord::spilled) && spill_place(next) == spill_place(chunk) + run.count * geometry_->chunk_bytes();
        };
        while (spilled && run.end() < chunks.end() && continues(run.end()))
            ++run.count;
        chunk = run.end();
        if (!spilled)
            continue;
        const ByteRange data = geometry_->data_of(run);
        if (Status status = engine_.spill.load(spill_place(run.first), place_in(out, chunks, run.first), data.length); !status.ok())
            return status;
        count(&Counters::spill_read_bytes, data.length);
    }
    return {};
}

/// Claims a chunk that was in memory, for its extent, and brings its content there.
Status Region::join(ChunkIndex forerunner, Pieces &pieces, std::byte *out) noexcept
{
    constexpr int most_attempts = 10; // others look at it, or count it, for a moment
    ChunkWord seen = look(forerunner);
    bool claimed = false;
    for (int attempt = 0; attempt < most_attempts && !claimed; ++attempt) {
        const bool has_left = seen.is(ChunkState::absent) && !seen.has(ChunkWord::poisoned);
        if (has_left || seen.can_join()) {
            claimed = claim(forerunner, seen, seen.to(ChunkState::filling), Glancers::respected);
        } else if (seen.has(ChunkWord::dirty) || seen.pins() != 0) {
            break;
        } else {
            sched_yield();
            seen = look(forerunner);
        }
    }
    if (!claimed)
        return Status{Code::stray}; // in use again
    pieces.add({forerunner, 1});
    Status status = take_content(forerunner, seen, out);
    if (status.ok())
        return {};
    const Failure failure = Failure::of_this_thread(status);
    if (seen.is(ChunkState::resident)) {
        stay(forerunner, seen);
    } else {
        const ChunkWord absent = seen.to(ChunkState::absent);
        publish(forerunner, look(forerunner).has(ChunkWord::poisoned) ? absent.with(ChunkWord::poisoned) : absent);
    }
    return failure.report();
}

/// The content of a chunk that the caller has claimed, which is not where it was afterwards; `claimed` is its word from before.
Status Region::take_content(ChunkIndex chunk, ChunkWord claimed, std::byte *out) noexcept
{
    const ByteRange pages = geometry_->pages_of(chunk);
    if (claimed.is(ChunkState::resident)) {
        if (Status status = backing_->take_content(pages, out); !status.ok())
            return status;
        resident_bytes_.fetch_sub(pages.length, std::memory_order_relaxed);
        return {};
    }
    if (claimed.is(ChunkState::parked)) {
        Result<Staging> parked = backing_->rescue(claimed, word(chunk), chunk, Access::write);
        if (!parked.ok())
            return parked.status();
        if (*parked) { // otherwise its frame was wanted elsewhere
            std::memcpy(out, parked->data, pages.length);
            backing_->abandon(*parked);
            count(&Counters::rescues);
            return {};
        }
    }
    if (claimed.has(ChunkWord::spilled))
        return load_spilled({chunk, 1}, out);
    // It has left meanwhile, and user code may use what has joined already.
    return options_.source->runs_user_code() ? Status{Code::stray} : load_run({chunk, 1}, out);
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
