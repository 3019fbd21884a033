// SPDX-License-Identifier: MIT
#include "frames.hpp"

#include "kernel/clock.hpp"
#include "kernel/futex.hpp"
#include "kernel/process.hpp"
#include "signal_guard.hpp"

#include <algorithm>

namespace ufomem {

using kernel::now_nanoseconds;

namespace {

/// How long a fill waits for memory while nothing is released, and nobody is seen to be about to release something.
constexpr std::int64_t patience_nanoseconds = 200'000'000;

} // namespace

/// Somebody for whom there was no room at once, as long as it lives.
class Frames::Needy {
  public:
    explicit Needy(std::atomic<std::uint32_t> &count) : count_(count) { count_.fetch_add(1); }
    Needy(const Needy &) = delete;
    Needy &operator=(const Needy &) = delete;
    ~Needy() { count_.fetch_sub(1); }

  private:
    std::atomic<std::uint32_t> &count_;
};

Frames::Frames(Budget &budget, const kernel::Userfaultfd *pool, const void *core, Heap &heap)
    : budget_(budget), pool_(pool), core_(core), heap_(heap)
{
}

Result<FrameClass *> Frames::class_of(std::size_t frame_bytes) noexcept
{
    const GuardedLock lock(classes_mutex_);
    for (FrameClass *frames = classes_.load(std::memory_order_relaxed); frames; frames = frames->next)
        if (frames->frame_bytes() == frame_bytes)
            return frames;
    try {
        auto frames = std::make_unique<FrameClass>(frame_bytes, pool_, heap_);
        frames->next = classes_.load(std::memory_order_relaxed);
        owned_classes_.push_back(std::move(frames));
    } catch (...) {
        return fail(Code::nomem, "no memory for the table of a frame pool");
    }
    classes_.store(owned_classes_.back().get(), std::memory_order_release);
    return owned_classes_.back().get();
}

std::size_t Frames::batch(std::size_t at_least) const noexcept
{
    // Enough to share the cost of an eviction among many fills, and little enough that the one who pays does not notice.
    constexpr std::size_t most = 4 * 1024 * 1024;
    return std::max(at_least, std::min(most, budget_.margin() / 2));
}

Frame Frames::fresh(FrameClass &frames, std::size_t limit, Failure &obstacle) noexcept
{
    if (!try_charge(frames.frame_bytes(), limit))
        return {};
    Result<Frame> empty = frames.take_empty();
    if (empty.ok())
        return *empty;
    obstacle = Failure::of_this_thread(empty.status());
    // It was free before: to call that a release would have us wait for ourselves.
    budget_.discharge(frames.frame_bytes());
    note_progress();
    return {};
}

std::size_t Frames::pooled_bytes() const noexcept
{
    std::size_t bytes = 0;
    for (const FrameClass *frames = classes_.load(std::memory_order_acquire); frames; frames = frames->next)
        bytes += frames->frame_bytes() * (frames->parked() + frames->recycled());
    return bytes;
}

std::size_t Frames::trim(std::size_t bytes) noexcept
{
    std::size_t trimmed = 0;
    for (FrameClass *frames = classes_.load(std::memory_order_acquire); frames && trimmed < bytes;
         frames = frames->next) {
        while (trimmed < bytes) {
            Frame frame = frames->take_recycled();
            if (!frame)
                frame = frames->take_parked();
            if (!frame)
                break;
            if (!kernel::drop(frame.data, frames->frame_bytes()).ok()) { // locked memory: it stays what it is
                frames->give_recycled(frame);
                break;
            }
            frames->give_empty(frame);
            budget_.discharge(frames->frame_bytes()); // it was free before: nothing new for those who look for releases
            note_progress();
            trimmed += frames->frame_bytes();
        }
    }
    return trimmed;
}

/// What fills can have without anything leaving.
std::size_t Frames::room() const noexcept
{
    const std::size_t high = budget_.limit_for(0);
    const std::size_t used = budget_.used();
    return (high > used ? high - used : 0) + pooled_bytes();
}

std::size_t Frames::missing_room() const noexcept
{
    const std::size_t wanted = budget_.margin();
    const std::size_t there = room();
    return there < wanted ? std::min(wanted - there, batch(0)) : 0;
}

void Frames::look_ahead() noexcept
{
    // Below this the watermarks are too close for anybody to be ahead of anything.
    constexpr std::size_t least = 1024 * 1024;
    const std::size_t wanted = budget_.margin();
    if (wanted >= least && room() < wanted / 2)
        reclaimer_->make_room_soon();
}

Status Frames::refusal(std::size_t bytes, const Failure &failure) const noexcept
{
    if (failure.code != Code::ok)
        return failure.report();
    return fail(Code::budget,
                "no %zu bytes left inside the budget of %zu: everything else is pinned, or in use by fills that wait "
                "for this one; unpin, or "
                "raise the budget",
                bytes, budget_.bytes());
}

/// Repeats attempt(limit, reuse), which says how many bytes are still missing, until there are none; makes room in between.  What the
/// attempts got hold of is let go while the thread sleeps: others may need just that.  `obstacle` is what stands in their way besides the budget.
template <class Attempt, class LetGo>
Status Frames::until(std::size_t bytes, Attempt attempt, LetGo let_go, const Failure &obstacle) noexcept
{
    std::size_t missing = attempt(budget_.limit_for(bytes), false);
    if (missing == 0) {
        look_ahead();
        return {};
    }
    if (bytes > budget_.bytes()) {
        let_go();
        return fail(
            Code::budget,
            "%zu bytes are needed at once, more than the budget of %zu; use smaller chunks, or raise the budget", bytes,
            budget_.bytes());
    }
    const pid_t thread = kernel::this_thread();
    WaitGraph &graph = WaitGraph::of_process();
    const WaitGraph::Entry entry(graph, core_, thread, WaitGraph::nothing, WaitGraph::a_frame);
    const Needy needy(needy_);
    std::uint64_t releases = releases_.load();
    std::int64_t hope = now_nanoseconds(); // when something happened last that gives hope
    Failure failure;
    for (;;) {
        // Some frames stay parked, so that chunks which are wanted again come back cheaply.
        Reclaimer::Outcome outcome;
        const bool asked = pooled_bytes() + batch(0) <= budget_.margin();
        if (asked)
            outcome = reclaimer_->reclaim(batch(missing));
        if ((missing = attempt(budget_.limit_for(bytes), true)) == 0)
            return {};
        const std::size_t trimmed = trim(missing);
        if (trimmed == 0 && !asked)
            outcome = reclaimer_->reclaim(batch(missing));
        if ((missing = attempt(budget_.limit_for(bytes), true)) == 0)
            return {};
        const bool fits = bytes <= budget_.limit_for(bytes); // tables may have left less than that
        if (fits && trimmed + outcome.freed != 0)
            continue; // others took what became free: try again
        if ((missing = attempt(budget_.bytes(), true)) == 0)
            return {};
        // Nothing can leave.  Wait for those who will make room; if there are none, and nothing is released for a while either (by
        // somebody who has lost the processor with chunks in his hands), there is no end to wait for.  Who has seen a write-back fail
        // counts on releases only: several threads that all fail look busy to each other.
        if (outcome.failure.code != Code::ok)
            failure = outcome.failure;
        const bool released = releases_.load() != releases;
        const std::int64_t now = now_nanoseconds();
        if (released || (failure.code == Code::ok && graph.others_progress(thread, core_)))
            hope = now;
        let_go();
        releases = releases_.load();
        // For a pool that cannot grow only those can do something who are seen to be at work.
        if (now - hope > (obstacle.code != Code::ok ? 0 : patience_nanoseconds))
            return refusal(bytes, failure.code != Code::ok ? failure : obstacle);
        const std::uint32_t seen = progress_.load();
        waiting_.fetch_add(1);
        kernel::futex_wait(progress_, seen, 2);
        waiting_.fetch_sub(1);
    }
}

Status Frames::take(FrameClass &frames, std::size_t extra, std::span<Frame> taken) noexcept
{
    Failure obstacle;
    const auto attempt = [&](std::size_t limit, bool reuse) -> std::size_t {
        std::size_t missing = 0;
        obstacle.code = Code::ok;
        for (Frame &frame : taken) {
            if (!frame)
                frame = frames.take_recycled();
            if (!frame)
                frame = fresh(frames, limit, obstacle);
            if (!frame && reuse)
                frame = frames.take_parked();
            if (!frame)
                missing += frames.frame_bytes();
        }
        if (missing != 0)
            return missing + extra;
        return try_charge(extra, limit) ? 0 : extra;
    };
    const auto let_go = [&] {
        for (Frame &frame : taken) {
            if (frame) { // back where it was: nothing new for those who look for releases
                frame.frames->give_recycled(frame);
                note_progress();
            }
            frame = {};
        }
    };
    return until(taken.size() * frames.frame_bytes() + extra, attempt, let_go, obstacle);
}

Result<Frame> Frames::take(FrameClass &frames, std::size_t extra) noexcept
{
    Frame frame;
    if (Status status = take(frames, extra, {&frame, 1}); !status.ok())
        return status;
    return frame;
}

Status Frames::charge(std::size_t bytes) noexcept
{
    return until(
        bytes, [&](std::size_t limit, bool) { return try_charge(bytes, limit) ? 0 : bytes; }, [] {}, Failure{});
}

void Frames::discharge(std::size_t bytes) noexcept
{
    budget_.discharge(bytes);
    note_release();
}

void Frames::recycle(const Frame &frame) noexcept
{
    frame.frames->give_recycled(frame);
    note_release();
}

void Frames::link_parked(const Frame &frame) noexcept
{
    frame.frames->link_parked(frame);
    note_release();
}

void Frames::note_release() noexcept
{
    if (needy_.load() == 0)
        return;
    releases_.fetch_add(1, std::memory_order_relaxed);
    note_progress();
}

void Frames::note_progress() noexcept
{
    if (waiting_.load() == 0)
        return;
    progress_.fetch_add(1);
    kernel::futex_wake_all(progress_);
}

bool Frames::charge_now(std::size_t bytes) noexcept
{
    const std::size_t limit = budget_.limit_for(bytes);
    return try_charge(bytes, limit) || (trim(bytes) != 0 && try_charge(bytes, limit));
}

Status Frames::set_budget(std::size_t bytes) noexcept
{
    const std::lock_guard lock(setting_budget_); // signals are held back by the caller
    const std::size_t before = budget_.bytes();
    budget_.set_bytes(bytes);
    const pid_t thread = kernel::this_thread();
    const WaitGraph::Entry entry(WaitGraph::of_process(), core_, thread, WaitGraph::nothing, WaitGraph::a_frame);
    // Fills in progress end sooner or later; what is pinned, or cannot be written back, does not.
    for (std::int64_t hope = now_nanoseconds(); budget_.used() > bytes;) {
        const std::size_t excess = budget_.used() - bytes;
        if (trim(excess) != 0)
            continue;
        const Reclaimer::Outcome outcome = reclaimer_->reclaim(excess);
        const std::int64_t now = now_nanoseconds();
        if (outcome.freed != 0
            || (outcome.failure.code == Code::ok && WaitGraph::of_process().others_progress(thread, core_))) {
            hope = now;
        } else if (now - hope > patience_nanoseconds) {
            budget_.set_bytes(before);
            if (outcome.failure.code != Code::ok)
                return outcome.failure.report();
            return fail(Code::budget, "%zu bytes are pinned or otherwise bound; the budget stays at %zu",
                        budget_.used(), before);
        }
        if (outcome.freed == 0)
            kernel::futex_wait(progress_, progress_.load(), 2);
    }
    return {};
}

} // namespace ufomem
