// SPDX-License-Identifier: MIT
#include "wait_graph.hpp"

#include <ctime>

#include <sched.h>

namespace ufomem {
namespace {

// Constant-initialised, as signal handlers nest entries, too.
thread_local constinit std::uint32_t t_depth = 0;
thread_local constinit std::size_t t_reserved = 0;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
    return hash ^ hash >> 32;
}

} // namespace

// What is filled, and what is waited for, is stored and looked at in one order that all threads see, and who waits says
// so before it looks: of two threads that close a cycle at once, each from its side, at least one sees it.  (No fence:
// ThreadSanitizer does not know any.)  The version of a slot grows before its edges change; that an edge is gone needs
// no version.
//
// Every fill has an entry, and few threads ever wait: making and ending one takes three locked instructions.

WaitGraph &WaitGraph::of_process() noexcept
{
    static constinit WaitGraph graph;
    return graph;
}

WaitGraph::Entry::Entry(WaitGraph &graph, const void *core, pid_t thread, Key fills, Key waits,
                        std::size_t fills_bytes) noexcept
    : graph_(graph), index_(0)
{
    for (std::size_t i = 0;; i = (i + 1) % capacity) {
        pid_t free = 0;
        if (graph.threads_[i].load(std::memory_order_relaxed) == 0
            && graph.threads_[i].compare_exchange_strong(free, thread)) {
            index_ = i;
            break;
        }
        if (i == capacity - 1)
            sched_yield(); // 8192 threads fill at once: an entry will be free soon
    }
    std::size_t end = graph.used_end_.load();
    while (end <= index_ && !graph.used_end_.compare_exchange_weak(end, index_ + 1)) {
    }
    Slot &slot = graph.slots_[index_];
    slot.version.fetch_add(1); // clear_waiting() may do so at the same time
    slot.core.store(core, std::memory_order_release);
    slot.depth.store(t_depth++, std::memory_order_release);
    // Before what it fills: set_waiting() of the entry before may have come too late.
    slot.waits.store(waits, waits == nothing ? std::memory_order_release : std::memory_order_seq_cst);
    slot.fills_end.store(fills + fills_bytes, std::memory_order_release);
    slot.fills.store(fills);
}

WaitGraph::Entry::~Entry()
{
    --t_depth;
    Slot &slot = graph_.slots_[index_];
    slot.fills.store(nothing, std::memory_order_release);
    slot.waits.store(nothing, std::memory_order_release);
    // Lowered while the place is still taken: whoever takes it next raises it again.  The first few are looked at in any case.
    constexpr std::size_t few = 16;
    std::size_t end = index_ + 1;
    if (end > few)
        graph_.used_end_.compare_exchange_strong(end, index_);
    graph_.threads_[index_].store(0, std::memory_order_release);
}

WaitGraph::Room::Room(WaitGraph &graph, std::size_t entries) noexcept : graph_(graph), entries_(entries), granted_(graph.reserve(entries)) {}

WaitGraph::Room::~Room()
{
    if (!granted_)
        return;
    graph_.reserved_.fetch_sub(entries_, std::memory_order_relaxed);
    t_reserved -= entries_;
}

bool WaitGraph::reserve(std::size_t entries) noexcept
{
    if (entries == 0)
        return true;
    for (std::size_t seen = reserved_.load(std::memory_order_relaxed); entries <= most_reserved - seen;)
        if (reserved_.compare_exchange_weak(seen, seen + entries, std::memory_order_relaxed)) {
            t_reserved += entries;
            return true;
        }
    return false;
}

template <class Match> std::size_t WaitGraph::find(Match match) const noexcept
{
    for (std::size_t i = 0, last = end(); i < last; ++i)
        if (const pid_t thread = threads_[i].load(); thread != 0 && match(thread, slots_[i]))
            return i;
    return none;
}

WaitGraph::Edge WaitGraph::edge(std::size_t index) const noexcept
{
    const Slot &slot = slots_[index];
    const std::uint32_t version = slot.version.load();
    return {index, version, threads_[index].load(), slot.fills.load(), slot.waits.load()};
}

std::size_t WaitGraph::filler_of(Key key) const noexcept
{
    return find([key](pid_t, const Slot &slot) {
        const Key fills = slot.fills.load();
        return fills != nothing && fills <= key && key < slot.fills_end.load();
    });
}

std::size_t WaitGraph::innermost_of(pid_t thread) const noexcept
{
    std::size_t innermost = none;
    for (std::size_t i = 0, last = end(); i < last; ++i)
        if (threads_[i].load() == thread
            && (innermost == none || slots_[i].depth.load() > slots_[innermost].depth.load()))
            innermost = i;
    return innermost;
}

bool WaitGraph::set_waiting(pid_t thread, Key key) noexcept
{
    const std::size_t i = innermost_of(thread);
    if (i == none || slots_[i].fills.load() == nothing)
        return false;
    slots_[i].version.fetch_add(1);
    slots_[i].waits.store(key);
    return true;
}

void WaitGraph::clear_waiting(Key key) noexcept
{
    for (std::size_t i = 0, last = end(); i < last; ++i) {
        Key expected = key;
        if (slots_[i].fills.load() == nothing || slots_[i].waits.load() != key)
            continue;
        slots_[i].version.fetch_add(1);
        slots_[i].waits.compare_exchange_strong(expected, nothing);
    }
}

bool WaitGraph::fills_any(pid_t thread) const noexcept { return fills_within(thread, a_frame, UINTPTR_MAX); }

bool WaitGraph::fills_within(pid_t thread, Key begin, Key end) const noexcept
{
    return find([=](pid_t owner, const Slot &slot) {
               const Key key = slot.fills.load();
               return owner == thread && key != nothing && key < end && slot.fills_end.load() > begin;
           })
           != none;
}

/// Follows the edges from `key`.  0 if they do not lead back to `thread`, otherwise a number made of all of them and their versions.
std::uint64_t WaitGraph::cycle_from(pid_t thread, Key key) const noexcept
{
    std::uint64_t number = 1;
    for (std::size_t length = 0; length < 1024; ++length) {
        const std::size_t filler = filler_of(key);
        if (filler == none)
            return 0;
        const Edge fills = edge(filler);
        if (fills.fills == nothing || key < fills.fills)
            return 0;
        number = mix(mix(mix(number, fills.index), fills.version), key);
        if (fills.thread == thread)
            return number != 0 ? number : 1;
        const std::size_t innermost = innermost_of(fills.thread);
        if (innermost == none)
            return 0;
        const Edge waits = edge(innermost);
        key = waits.waits;
        if (key == nothing || key == a_frame || waits.thread != fills.thread)
            return 0;
        number = mix(mix(number, waits.index), waits.version);
    }
    return 0;
}

bool WaitGraph::closes_cycle(pid_t thread, Key key) const noexcept
{
    // The edges are read one after another.  If none of them has changed a moment later, they all held at once, and as each of
    // the threads waits for the next, it is for ever.
    const std::uint64_t seen = cycle_from(thread, key);
    if (seen == 0)
        return false;
    const timespec moment{0, 1'000'000};
    nanosleep(&moment, nullptr);
    return cycle_from(thread, key) == seen;
}

bool WaitGraph::can_go_on(pid_t thread, pid_t asking, int depth) const noexcept
{
    if (thread == asking)
        return false;
    const std::size_t innermost = innermost_of(thread);
    if (innermost == none)
        return true;
    const Key key = slots_[innermost].waits.load();
    if (key == nothing)
        return true;
    if (key == a_frame || depth == 0)
        return false;
    const std::size_t filler = filler_of(key);
    return filler == none || can_go_on(threads_[filler].load(), asking, depth - 1);
}

bool WaitGraph::others_progress(pid_t thread, const void *core) const noexcept
{
    for (std::size_t i = 0, last = end(); i < last; ++i) {
        const pid_t other = threads_[i].load();
        if (other != 0 && slots_[i].core.load() == core && slots_[i].fills.load() != nothing
            && can_go_on(other, thread, 64))
            return true;
    }
    return false;
}

void WaitGraph::forget_other_threads() noexcept
{
    // A callback may fork: the entries that it stands in end in the child, too, and do no harm.
    for (std::size_t i = 0; i < capacity; ++i) {
        slots_[i].fills.store(nothing);
        slots_[i].waits.store(nothing);
    }
    for (std::atomic<pid_t> &thread : threads_)
        thread.store(0);
    used_end_.store(0);
    reserved_.store(t_reserved);
}

} // namespace ufomem
