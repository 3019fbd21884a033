// SPDX-License-Identifier: MIT
// The protocol of a region: who may bring a chunk in, change it, and take it out.  The implementation has a file for each part:
// region.cpp (life), region_fill.cpp, region_extent.cpp, region_leave.cpp, region_fault.cpp, region_calls.cpp, region_residency.cpp.
#pragma once

#include "any_region.hpp"
#include "backing/backing.hpp"
#include "chunk_table.hpp"
#include "counters.hpp"
#include "engine.hpp"
#include "fill_pace.hpp"
#include "geometry.hpp"
#include "handle.hpp"
#include "readahead.hpp"
#include "residency.hpp"
#include "sources/source.hpp"
#include "spin.hpp"
#include "wait_graph.hpp"

#include <array>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace ufomem {

class Region final : public AnyRegion {
  public:
    struct Options {
        std::shared_ptr<Source> source;
        bool read_only = false;
        unsigned retries = 0;
        unsigned retry_delay_milliseconds = 0;
        std::size_t readahead_bytes = 0;
    };

    /// The backing refers to the same geometry.
    Region(Engine &engine, std::unique_ptr<const Geometry> geometry, Options options, std::unique_ptr<Backing> backing,
           RegionHandle &handle);
    ~Region() override;

    Status make_tables() noexcept;
    /// Runs when the last one has left the closed region, and has to destroy it.
    void set_end(std::function<void()> end) { end_ = std::move(end); }

    const Geometry &geometry() const override { return *geometry_; }
    std::byte *body() const override { return backing_->body(); }
    Delivery delivery() const override { return engine_.delivery; }
    bool forked() const override { return engine_.forked(); }
    Region *of_core() noexcept override { return this; }
    const Log &log() const { return engine_.log; }
    bool contains(const std::byte *address) const
    {
        return address >= header() && address < body() + geometry_->mapped_body_bytes();
    }
    RegionHandle &handle() const { return handle_; }
    const Counters &counters() const { return counters_; }
    RegionTicket ticket() const { return {&handle_, generation_}; }
    FillPace &fill_pace() { return fill_pace_; }

    // -- faults, for the deliveries
    struct Fault {
        ChunkIndex chunk;
        const std::byte *address = nullptr;
        Access access = Access::read;
        bool store_to_protected = false; ///< there is a page, and it was protected
        pid_t thread = 0;
    };
    enum class Answer : std::uint8_t {
        done,     ///< the thread has been woken, or will be by whoever is at work on the chunk
        fill,     ///< answer_by_fill() has to be called
        not_ours, ///< the access is against the region's own rules, and the system has to say so
        refused,  ///< it cannot be answered, nor its end be left to poison: the thread has to be told by a signal
        wait      ///< as done, and the faulting thread, if it is the caller, has to wait for the chunk
    };
    /// Never runs user code.
    Answer answer_quickly(const Fault &fault) noexcept;
    /// Runs populate.  Done or refused.
    Answer answer_by_fill(const Fault &fault) noexcept;
    /// For a thread that answers its own fault: waits, or ends what would be a wait for ever.  Done or refused.
    Answer wait_for(const Fault &fault) noexcept;

    /// The program has unmapped these bytes, or moved them away.  Any thread.
    void reclaim(std::byte *data, std::size_t size) noexcept;

    // -- the calls of the C interface
    Status touch(ElementRange range) noexcept override;
    Status pin(ElementRange range) noexcept override;
    Status pin_write(ElementRange range) noexcept override;
    Status unpin(ElementRange range) noexcept override;
    Status read(ElementRange range, std::byte *out) noexcept override;
    Status write(ElementRange range, const std::byte *in) noexcept override;
    Status flush(ElementRange range) noexcept override;
    Status evict(ElementRange range) noexcept override;
    Status reset(ElementRange range) noexcept override;
    void advise(ElementRange range, Advice advice) noexcept override;
    std::size_t touch_at_once(Glance &glance, ElementRange range) noexcept override;
    std::size_t read_at_once(Glance &glance, ElementRange range, std::byte *out) noexcept override;
    std::size_t write_at_once(Glance &glance, ElementRange range, const std::byte *in) noexcept override;
    Result<RegionFigures> figures() noexcept override;
    /// Pins what is resident already: all of the range, or nothing of it.  Never waits.
    bool pin_resident(ElementRange range) noexcept;
    /// Chunks that could not be filled are tried again when they are next asked for; the others stay as they are.
    Status forget_failures(ElementRange range) noexcept;
    /// Bytes that one fill brings in, at most.
    std::size_t most_filled_at_once() const;
    bool loads_only_for_callers() const { return options_.source->loads_only_for_callers(); }
    /// Brings in a chunk of the request if it is absent, with its neighbours if they are wanted; gives way to everybody else.  False if there is no
    /// room for more.
    bool fill_ahead(const Ahead::Request &request, ChunkIndex chunk) noexcept;

    // -- readers outside the library
    /// Lets them look at words(); throws std::bad_alloc.
    Result<std::shared_ptr<Residency>> open_residency();
    const ChunkTable &words() const { return table_; }
    bool read_only() const { return options_.read_only; }
    // -- for the evictor
    struct Eviction {
        bool only_clean = false;   ///< changed chunks are to stay
        bool passed = false;       ///< nobody is expected back: what they held is not kept
        bool at_any_price = false; ///< also those that somebody glances at
        std::size_t freed = 0;
        bool stored = false; ///< some were changed
        Failure failure;
    };
    /// Chunks in the leaving state whose memory is given back in one go.
    struct Batch {
        std::span<ChunkIndex> chunks;
        std::span<Outgoing> items; // as many
        std::size_t count = 0;
    };
    /// With its room.  Eighty bytes for each chunk: a signal handler may have little stack.
    template <std::size_t most> class BatchOf : public Batch {
      public:
        BatchOf() : Batch{chunks_, items_} {}
        BatchOf(const BatchOf &) = delete;
        BatchOf &operator=(const BatchOf &) = delete;

      private:
        std::array<ChunkIndex, most> chunks_;
        std::array<Outgoing, most> items_;
    };
    /// Lets go of those chunks that can leave.  Their places in the resident queue are theirs no more.  The batch is empty, before and after.
    void evict_candidates(std::span<const ChunkIndex> chunks, Batch &batch, Eviction &eviction) noexcept;
    /// Chunks that may be resident, and found no place in the queue, get one.
    void enqueue_stragglers(ChunkIndex first, ChunkIndex last) noexcept;
    /// As evict_candidates() for neighbours that came together, and leave so if they can.
    void evict_extent(ChunkRange extent, Eviction &eviction) noexcept;
    /// Whether nobody walks through these chunks at the moment, or is about to; false if that cannot be told.
    bool left_behind(ChunkRange chunks) noexcept;
    /// The same number for chunks that should leave together.
    std::size_t neighbourhood(ChunkIndex chunk) const;
    /// Gives back a page of words, from the first of its chunks on.  False if they are needed.
    bool give_back_words(ChunkIndex first) noexcept;

  private:
    enum class Keep : std::uint8_t { nothing, hold, pin };
    enum class Reuse : std::uint8_t {
        likely,
        unlikely
    }; ///< what is expected of a chunk: somebody may come back, or walks through
    enum class Parking : std::uint8_t { no, yes };
    enum class Lasting : std::uint8_t { no, yes }; ///< whether a failure will be the same next time

    using Word = std::atomic<ChunkWord::Bits>;
    Word &word(ChunkIndex chunk) const { return table_.at(chunk); }
    ChunkWord look(ChunkIndex chunk) const { return table_.look(chunk); }
    /// False if somebody was faster; `seen` is then what he left.
    bool change(ChunkIndex chunk, ChunkWord &seen, ChunkWord next) noexcept;
    enum class Glancers : std::uint8_t { respected, passed_over };
    bool claim(ChunkIndex chunk, ChunkWord &seen, ChunkWord next, Glancers glancers = Glancers::passed_over) noexcept;
    WaitGraph::Key key(ChunkIndex chunk) const { return reinterpret_cast<WaitGraph::Key>(backing_->at(chunk)); }
    /// Visits every chunk of the range that may have left its first state; returns the first error.
    template <class Visit> Status for_each_chunk(ElementRange range, Visit visit) noexcept
    {
        FirstFailure first;
        table_.for_each_touched(geometry_->chunks_meeting(geometry_->bytes_of(range)),
                                [&](ChunkIndex chunk) { first.note(visit(chunk)); });
        return first.report();
    }
    void count(Counters::Counter Counters::*counter, std::uint64_t amount = 1) noexcept
    {
        (counters_.*counter).fetch_add(amount, std::memory_order_relaxed);
    }

    // region.cpp
    std::uint64_t pins() const override { return pins_.load(std::memory_order_relaxed); }
    bool calls_back_on_this_thread() const override;
    /// Chunks that become resident from now on are shut.
    void begin_closing() noexcept override { closing_.store(true); }
    Status finish_changes() noexcept override;
    void end() noexcept override;
    void publish(ChunkIndex chunk, ChunkWord next) noexcept;
    void add_word_page(ChunkIndex chunk) noexcept;
    void wake_after(ChunkIndex chunk, ChunkWord before) noexcept;
    Status wait_for_change(ChunkIndex chunk, ChunkWord seen) noexcept;
    void enqueue(ChunkIndex chunk, Reuse reuse = Reuse::likely) noexcept;
    void enqueue(ChunkRange extent, Reuse reuse) noexcept;
    bool enqueue(const Candidate &candidate, Reuse reuse) noexcept;

    // region_fill.cpp
    Status ensure(ChunkIndex chunk, Access access, Keep keep) noexcept;
    /// How a thread that sleeps in a fault for the chunk hears of its end.
    struct Sleeper {
        bool wake = false;     ///< install wakes it; otherwise the chunk's word says that somebody waits
        bool poisoned = false; ///< out: a failure ends its fault
    };
    Status fill(ChunkIndex chunk, ChunkWord claimed, Access access, Keep keep, Reuse reuse, Sleeper *sleeper) noexcept;
    Result<Staging> gather(ChunkIndex chunk, ChunkWord claimed, Access access, Lasting &lasting) noexcept;
    Status load(ChunkIndex chunk, ChunkWord claimed, std::byte *out, Lasting &lasting) noexcept;
    Status load_from_source(ByteRange data, std::byte *out) noexcept;
    Status show(ChunkIndex chunk, ChunkWord claimed, Access access, Keep keep, const Staging &staging,
                Wake wake) noexcept;
    bool publish_failure(ChunkIndex chunk, ChunkWord claimed, Status status, Lasting lasting, bool for_fault) noexcept;
    bool remember_failure(ChunkIndex chunk, const Failure &failure) noexcept;
    Status failure_of(ChunkIndex chunk) noexcept;
    void forget_failure(ChunkIndex chunk) noexcept;
    void unhold(ChunkIndex chunk) noexcept;
    Status make_dirty(ChunkIndex chunk) noexcept;
    Status make_reachable(ChunkIndex chunk) noexcept;

    // region_extent.cpp
    /// What a miss tells of the chunk's neighbours.
    struct Neighbours {
        bool wanted = false;
        Access access = Access::read; ///< what will be done to them
    };
    Neighbours note_miss(pid_t thread, ChunkIndex chunk) noexcept;
    bool comes_at_once() const;
    void note_store(pid_t thread, ChunkIndex chunk) noexcept;
    Readahead::Limits readahead_limits() const;
    bool fill_extent(ChunkIndex chunk, Access access) noexcept;
    bool is_stale(ChunkIndex chunk) noexcept;
    /// Chunks that came alone before their extent, and are to join it: their content is there.
    struct Forerunners {
        static constexpr std::size_t most = 4; // what leaves with a walk has to be few: it may be what others use again and again
        std::array<ChunkIndex, most> chunks;
        std::size_t count = 0;
        std::size_t joined = 0; ///< so many of them, from the first on, are not in memory on their own any more
        std::span<const ChunkIndex> not_joined() const { return std::span(chunks).subspan(joined, count - joined); }
    };
    bool claim_extent(ChunkRange extent, Forerunners &forerunners) noexcept;
    void give_up_extent(ChunkRange claimed, const Forerunners &forerunners) noexcept;
    void publish_extent(ChunkRange chunks, ChunkState state) noexcept;
    Status bring_in(ChunkRange extent, Access access, Reuse reuse, Forerunners &forerunners) noexcept;
    class Pieces;
    Status load_extent(ChunkRange extent, Forerunners &forerunners, Pieces &pieces, std::byte *out) noexcept;
    Status load_sourced(ChunkRange extent, const Forerunners &forerunners, std::byte *out) noexcept;
    Status load_run(ChunkRange run, std::byte *out) noexcept;
    std::byte *place_in(std::byte *memory, ChunkRange chunks, ChunkIndex chunk) const;
    Status load_spilled(ChunkRange chunks, std::byte *out) noexcept;
    Status join(ChunkIndex forerunner, Pieces &pieces, std::byte *out) noexcept;
    Status take_content(ChunkIndex chunk, ChunkWord claimed, std::byte *out) noexcept;
    ChunkWord::Bits left_at(ChunkRange extent) const noexcept;
    void leave_extent(ChunkIndex chunk) noexcept;
    bool leave_together(ChunkRange extent, bool dirty, Eviction &eviction) noexcept;

    // region_leave.cpp
    void stay(ChunkIndex chunk, ChunkWord claimed) noexcept;
    bool leave(ChunkIndex chunk, ChunkWord claimed, Parking parking, Batch &batch, Eviction &eviction) noexcept;
    void finish(Batch &batch) noexcept;
    Status store_out(ChunkRange chunks, const std::byte *content, bool by_caller, bool &spilled) noexcept;
    void gone(Outgoing &outgoing) noexcept;
    Status flush_chunk(ChunkIndex chunk) noexcept;
    Status flush_spilled(ChunkIndex chunk, ChunkWord claimed) noexcept;
    Status clean(ChunkIndex chunk, ChunkWord claimed) noexcept;
    Status store_frozen(ChunkIndex chunk, bool &frozen, bool &protected_again, bool &spilled) noexcept;
    class Patience;
    Status evict_chunk(ChunkIndex chunk, Batch &batch, Patience &patience) noexcept;
    Status reset_chunk(ChunkIndex chunk, Patience &patience) noexcept;
    void release_spilled(ChunkIndex chunk) noexcept;
    void drop_parked(ChunkIndex chunk, ChunkWord parked) noexcept;
    void drop_everything() noexcept;

    // region_residency.cpp
    std::shared_ptr<Residency> residency() noexcept;
    void refuse_readers() noexcept;
    void admit_readers(ChunkIndex chunk) noexcept;
    void give_up_waiting(ChunkIndex chunk, ChunkWord seen) noexcept;
    void retire_words() noexcept;

    // region_calls.cpp
    template <class PinOne> Status pin_each(ElementRange range, PinOne pin_one) noexcept;
    void unpin_chunks(ChunkRange chunks) noexcept;
    template <class Use> std::size_t glance_at(Glance &glance, ElementRange range, Use use) noexcept;
    template <class Use> Status for_each_held(ElementRange range, Access access, Use use) noexcept;

    // region_fault.cpp
    Answer answer_store(const Fault &fault) noexcept;
    bool poison_absent(ChunkIndex chunk, bool &poisoned) noexcept;
    Answer refuse_absent(ChunkIndex chunk) noexcept;
    Answer refuse(const Fault &fault) noexcept;
    Answer answer_discarded(const Fault &fault) noexcept;
    Status restore_discarded(const Fault &fault, Lasting &lasting) noexcept;
    Status restore_held(const Fault &fault, ChunkWord held, Lasting &lasting) noexcept;
    Answer give_up_discarded(const Fault &fault, Status status, Lasting lasting) noexcept;

    Spill::Offset &spill_place(ChunkIndex chunk) const
    {
        return reinterpret_cast<Spill::Offset *>(spill_places_.data())[chunk.value];
    }

    Engine &engine_;
    const std::unique_ptr<const Geometry> geometry_;
    const Options options_;
    const std::unique_ptr<Backing> backing_;
    RegionHandle &handle_;
    const std::uint32_t generation_;
    std::function<void()> end_;

    bool made_ = false; // make_tables() succeeded
    ChunkTable table_;
    kernel::Mapping
        spill_places_; // Offset per chunk; valid while the chunk is marked spilled, owned by whoever owns the chunk
    std::mutex
        poisoning_; // only where poison replaces mappings; taken by whoever poisons or installs, before the word changes

    std::atomic<bool> closing_{false};
    std::mutex residency_mutex_;
    std::weak_ptr<Residency> residency_; // guarded by residency_mutex_

    std::mutex failures_mutex_;
    using Failures = std::unordered_map<std::size_t, Failure, std::hash<std::size_t>, std::equal_to<>,
                                        HeapAllocator<std::pair<const std::size_t, Failure>>>;
    Failures failures_; // of chunks in the failed state

    std::atomic<Advice> advice_{Advice::normal};
    SpinLock readahead_lock_; // only ever tried
    Readahead readahead_;     // guarded by readahead_lock_
    std::atomic<std::int64_t> extent_nanoseconds_{
        std::numeric_limits<std::int64_t>::max()}; // what loading took the last time
    static constexpr std::size_t no_extent = std::numeric_limits<std::size_t>::max();
    std::atomic<std::size_t> refused_extent_{no_extent}; // the first chunk of the last one that could not come in, until another could
    FillPace fill_pace_;
    std::atomic<std::uint64_t> resident_bytes_{0};
    std::atomic<std::uint64_t> pins_{0};
    std::atomic<std::uint64_t> queued_{0};
    std::atomic<std::uint64_t> word_pages_{0}; // in memory, counted in the budget
    Counters counters_;
};

} // namespace ufomem
