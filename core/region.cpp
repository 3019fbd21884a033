// SPDX-License-Identifier: MIT
// Life of a region, and what every part of its protocol uses.
#include "region.hpp"

#include "glance.hpp"
#include "kernel/futex.hpp"

#include <ctime>

namespace ufomem {

Region::Region(Engine &engine, std::unique_ptr<const Geometry> geometry, Options options,
               std::unique_ptr<Backing> backing, RegionHandle &handle)
    : engine_(engine),
      geometry_(std::move(geometry)),
      options_(std::move(options)),
      backing_(std::move(backing)),
      handle_(handle),
      generation_(handle.generation() + 1),
      failures_(engine.heap)
{
}

Status Region::make_tables() noexcept
{
    Result<ChunkTable> table = ChunkTable::make(geometry_->chunk_count());
    if (!table.ok())
        return table.status();
    table_ = std::move(*table);
    if (!options_.read_only) {
        const std::size_t bytes = round_up(geometry_->chunk_count() * sizeof(Spill::Offset), kernel::page_size());
        Result<kernel::Mapping> places = kernel::map_table(bytes);
        if (!places.ok())
            return places.status();
        spill_places_ = std::move(*places);
    }
    // A header is resident from its first use until the end.
    const Status status = engine_.frames.charge(geometry_->header_bytes());
    made_ = status.ok();
    return status;
}

Region::~Region()
{
    if (!made_)
        return;
    const std::shared_ptr<Residency> residency = this->residency();
    if (residency)
        retire_words();
    kernel::Mapping addresses =
        backing_->unmap(residency ? Backing::Addresses::reserved : Backing::Addresses::given_back);
    drop_everything();
    if (residency)
        residency->inherit(std::move(table_), std::move(addresses));
    engine_.frames.discharge(geometry_->header_bytes());
    engine_.budget.remove_table(word_pages_.load() * ChunkTable::block_bytes);
    const auto note_stale = [](ResidentQueue &queue, std::size_t count) {
        if (count != 0 && queue.note_stale(count))
            queue.compact([](const Candidate &candidate) {
                return candidate.region.handle->generation() == candidate.region.generation
                       && candidate.region.handle->phase() != Phase::unused;
            });
    };
    note_stale(engine_.resident, queued_.load());
    note_stale(engine_.walks.queue, queued_.load());
    note_stale(engine_.word_pages, word_pages_.load());
}

bool Region::calls_back_on_this_thread() const
{
    const auto begin = reinterpret_cast<WaitGraph::Key>(body());
    return WaitGraph::of_process().fills_within(kernel::this_thread(), begin, begin + geometry_->mapped_body_bytes());
}

void Region::end() noexcept
{
    const std::function<void()> end = std::move(end_); // it destroys this object
    end();
}

Status Region::finish_changes() noexcept
{
    refuse_readers();
    if (!options_.source->takes_changes() || options_.read_only)
        return {};
    Status status = flush({0, geometry_->count()});
    if (status.ok())
        return status;
    const Failure failure = Failure::of_this_thread(status);
    engine_.log(LogLevel::error, "the region at %p ends with changes that could not be written: %s",
                static_cast<void *>(body()), failure.text);
    return failure.report();
}

Result<RegionFigures> Region::figures() noexcept
{
    return RegionFigures{
        .resident_bytes = resident_bytes_.load(std::memory_order_relaxed),
        .pins = pins(),
        .faults = counters_.faults,
        .populates = counters_.populates,
        .populated_bytes = counters_.populated_bytes,
        .evictions = counters_.evictions,
        .rescues = counters_.rescues,
        .written_back_bytes = counters_.written_back_bytes,
        .spill_written_bytes = counters_.spill_written_bytes,
        .spill_read_bytes = counters_.spill_read_bytes,
        .failures = counters_.failures,
    };
}

bool Region::change(ChunkIndex chunk, ChunkWord &seen, ChunkWord next) noexcept
{
    const bool was_absent = seen.is(ChunkState::absent);
    if (!table_.change(chunk, seen, next))
        return false;
    if (was_absent && table_.mark_touched(chunk))
        add_word_page(chunk);
    return true;
}

/// From now on it takes memory.
void Region::add_word_page(ChunkIndex chunk) noexcept
{
    if (!ChunkTable::has_pages_of_blocks())
        return;
    const ChunkRange block = table_.block_of(chunk);
    engine_.budget.add_table(ChunkTable::block_bytes);
    word_pages_.fetch_add(1, std::memory_order_relaxed);
    const Candidate page{ticket(), block.first, ChunkTable::block_bytes, block.count};
    (void)engine_.word_pages.push(page, ChunkTable::number_of_block(block.first)); // if not, it stays until the end
}

bool Region::give_back_words(ChunkIndex first) noexcept
{
    if (!table_.give_back(table_.block_of(first), [this](ChunkWord word) { return !engine_.walks.is_wanted_again(word.left_at()); }))
        return false;
    engine_.budget.remove_table(ChunkTable::block_bytes);
    word_pages_.fetch_sub(1, std::memory_order_relaxed);
    return true;
}

/// As change() of a chunk that may be resident into a state where its memory is the caller's alone.  False, too, if somebody glances at it, and is to be
/// respected, or must not find it gone.
bool Region::claim(ChunkIndex chunk, ChunkWord &seen, ChunkWord next, Glancers glancers) noexcept
{
    if (!change(chunk, seen, next)) // before glances are looked for
        return false;
    // A glance is over at once, unless its thread has lost the processor, or a signal's handler is at work there, which may be in the very fault that
    // memory is wanted for.  Where plain accesses are served, whoever goes on after that is in one, unless it fails: so that is the last resort.
    const bool must_find_it = loads_only_for_callers();
    const auto met = [&] {
        const bool own = must_find_it || glancers == Glancers::respected;
        return seen.is(ChunkState::resident)
               && Glances::meet(&handle_, &word(chunk), own ? Glances::Own::counts : Glances::Own::does_not_count);
    };
    for (int i = 0; i < 100; ++i)
        if (!met()) [[likely]]
            return true;
    const timespec moment{0, 20'000};
    if (glancers == Glancers::passed_over && engine_.delivery == Delivery::thread && !must_find_it) {
        for (int i = 0; i < 10 && met(); ++i)
            nanosleep(&moment, nullptr);
        return true;
    }
    if (next.is(ChunkState::resident)) { // others may unpin it meanwhile
        ChunkWord now = look(chunk);
        while (!change(chunk, now, now.without(ChunkWord::cleaning | ChunkWord::waiters))) {
        }
        wake_after(chunk, now);
    } else {
        publish(chunk, seen.to(ChunkState::resident));
        enqueue(chunk); // its turn, or its extent's, may have come meanwhile
    }
    if (glancers == Glancers::passed_over) {
        // Who comes now gives way, until the caller has it.
        for (ChunkWord now = look(chunk); now.can_leave() && !change(chunk, now, now.with(ChunkWord::waiters));) {
        }
        nanosleep(&moment, nullptr);
    }
    seen = look(chunk);
    return false;
}

/// Ends a transition that the caller owns.
void Region::publish(ChunkIndex chunk, ChunkWord next) noexcept
{
    if (next.is(ChunkState::resident))
        next = closing_.load(std::memory_order_relaxed) ? next.with(ChunkWord::shut) : next.without(ChunkWord::shut);
    // Others only add the wish to be woken, and the mark of an entry in the resident queue goes its own ways.
    ChunkWord seen = look(chunk);
    ChunkWord merged;
    do
        merged = seen.has(ChunkWord::queued) ? next.with(ChunkWord::queued) : next.without(ChunkWord::queued);
    while (!change(chunk, seen, merged.without(ChunkWord::waiters)));
    wake_after(chunk, seen);
}

void Region::wake_after(ChunkIndex chunk, ChunkWord before) noexcept
{
    engine_.frames.note_progress();
    if (!before.has(ChunkWord::waiters))
        return;
    WaitGraph::of_process().clear_waiting(key(chunk));
    backing_->wake(chunk);
    kernel::futex_wake_all(word(chunk));
}

Status Region::wait_for_change(ChunkIndex chunk, ChunkWord seen) noexcept
{
    const pid_t thread = kernel::this_thread();
    WaitGraph &graph = WaitGraph::of_process();
    const WaitGraph::Entry entry(graph, &engine_, thread, WaitGraph::nothing, key(chunk));
    if (graph.closes_cycle(thread, key(chunk)))
        return fail(Code::deadlock,
                    "chunk %zu of the region at %p is being filled, or written back, by a callback that waits for it; "
                    "callbacks must not use the "
                    "elements that they were called for",
                    chunk.value, static_cast<void *>(body()));
    // The last hold of a resident chunk may never end as long as readers outside come and go.
    const bool held = seen.is(ChunkState::resident) && !seen.cleaning_now();
    const ChunkWord waiting = seen.with(held ? ChunkWord::waiters | ChunkWord::shut : ChunkWord::waiters);
    if (seen.bits() == waiting.bits() || change(chunk, seen, waiting))
        kernel::futex_wait(word(chunk), waiting.bits(), 20); // and looks again: a cycle may have closed meanwhile
    return {};
}

std::size_t Region::neighbourhood(ChunkIndex chunk) const
{
    constexpr std::size_t extent = 2 * 1024 * 1024;
    return (reinterpret_cast<std::uintptr_t>(body()) + chunk.value * geometry_->chunk_bytes()) / extent;
}

bool Region::enqueue(const Candidate &candidate, Reuse reuse) noexcept
{
    if (reuse == Reuse::likely)
        return engine_.resident.push(candidate, neighbourhood(candidate.chunk));
    const std::size_t walk = reinterpret_cast<std::uintptr_t>(&handle_) / sizeof(RegionHandle);
    engine_.walks.latest.store(walk, std::memory_order_relaxed);
    return engine_.walks.queue.push(candidate, walk);
}

/// Puts a resident chunk into the queue of those that may leave, unless it stands there.
void Region::enqueue(ChunkIndex chunk, Reuse reuse) noexcept
{
    const ChunkWord before{word(chunk).fetch_or(ChunkWord::queued, std::memory_order_acq_rel)};
    if (before.has(ChunkWord::queued))
        return;
    queued_.fetch_add(1, std::memory_order_relaxed);
    if (enqueue({ticket(), chunk, geometry_->pages_of(chunk).length, 1}, reuse))
        return;
    queued_.fetch_sub(1, std::memory_order_relaxed);
    word(chunk).fetch_and(~ChunkWord::queued, std::memory_order_acq_rel);
    if (!engine_.stragglers.add(ticket(), chunk))
        engine_.log(LogLevel::warning,
                    "no memory for the queue of resident chunks: chunk %zu stays in memory until it is unpinned or "
                    "evicted by call",
                    chunk.value);
}

void Region::enqueue_stragglers(ChunkIndex first, ChunkIndex last) noexcept
{
    table_.for_each_touched({first, last.value - first.value + 1}, [this](ChunkIndex chunk) {
        if (const ChunkWord seen = look(chunk); seen.is(ChunkState::resident) && seen.pins() == 0)
            enqueue(chunk);
    });
}

/// Neighbours that came together leave together if they can.
void Region::enqueue(ChunkRange extent, Reuse reuse) noexcept
{
    queued_.fetch_add(1, std::memory_order_relaxed);
    if (enqueue({ticket(), extent.first, geometry_->pages_of_extent(extent).length, extent.count}, reuse))
        return;
    queued_.fetch_sub(1, std::memory_order_relaxed);
    for (ChunkIndex chunk = extent.first; chunk < extent.end(); ++chunk)
        leave_extent(chunk);
}

} // namespace ufomem
