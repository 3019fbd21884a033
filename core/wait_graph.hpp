// SPDX-License-Identifier: MIT
// Who fills which chunk, and who waits for what: finds fills that wait for themselves.  One for the process, as a cycle may go through
// several cores.  Adding and removing an entry takes no lock; questions are asked only when somebody is about to wait.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace ufomem {

class WaitGraph {
  public:
    using Key = std::uintptr_t; ///< a chunk: the address of its first byte
    static constexpr Key nothing = 0;
    static constexpr Key a_frame = 1; ///< waits for memory inside the budget

    static WaitGraph &of_process() noexcept;

    /// What a thread does, for as long as the entry lives.  Entries of a thread nest; what it does now is the innermost.
    class Entry {
      public:
        Entry(WaitGraph &graph, const void *core, pid_t thread, Key fills, Key waits, std::size_t fills_bytes = 1) noexcept;
        Entry(const Entry &) = delete;
        Entry &operator=(const Entry &) = delete;
        ~Entry();

      private:
        WaitGraph &graph_;
        std::size_t index_;
    };

    /// Room for several entries that a thread is going to have at once, as long as it lives: those who hold some and wait for more could stop each other.
    class Room {
      public:
        Room(WaitGraph &graph, std::size_t entries) noexcept;
        Room(const Room &) = delete;
        Room &operator=(const Room &) = delete;
        ~Room();
        bool granted() const { return granted_; }

      private:
        WaitGraph &graph_;
        const std::size_t entries_;
        const bool granted_;
    };

    /// A thread has met a fault on `key` in what it does now.  False if it fills nothing, and so holds up nobody.
    bool set_waiting(pid_t thread, Key key) noexcept;
    /// `key` has been filled, or given up: nobody waits for it any more.  To be called before they are woken.
    void clear_waiting(Key key) noexcept;

    bool fills_any(pid_t thread) const noexcept;
    bool fills_within(pid_t thread, Key begin, Key end) const noexcept;

    /// Whether `thread`, waiting for `key`, would wait for itself.  Never says so of threads that can go on.
    bool closes_cycle(pid_t thread, Key key) const noexcept;

    /// Whether some thread other than `thread` fills a chunk of `core` and can go on.
    bool others_progress(pid_t thread, const void *core) const noexcept;

    /// In a forked child, where only the thread that forked goes on, inside nothing.
    void forget_other_threads() noexcept;

  private:
    static constexpr std::size_t capacity = 8192;
    static constexpr std::size_t none = capacity;
    static constexpr std::size_t most_reserved = capacity / 2; // the rest is for those who need one

    struct alignas(64) Slot {
        std::atomic<Key> fills{nothing};
        std::atomic<Key> fills_end{nothing}; ///< several chunks at once
        std::atomic<Key> waits{nothing};
        std::atomic<const void *> core{nullptr};
        std::atomic<std::uint32_t> version{0};
        std::atomic<std::uint32_t> depth{0}; ///< how many entries of the thread stand around this one
    };

    struct Edge {
        std::size_t index;
        std::uint32_t version;
        pid_t thread;
        Key fills;
        Key waits;
    };

    std::size_t end() const noexcept { return used_end_.load(); }
    Edge edge(std::size_t index) const noexcept;
    template <class Match> std::size_t find(Match match) const noexcept;
    std::size_t filler_of(Key key) const noexcept;
    std::size_t innermost_of(pid_t thread) const noexcept;
    std::uint64_t cycle_from(pid_t thread, Key key) const noexcept;
    bool reserve(std::size_t entries) noexcept;
    bool can_go_on(pid_t thread, pid_t asking, int depth) const noexcept;

    std::atomic<pid_t> threads_[capacity]{};
    Slot slots_[capacity];
    std::atomic<std::size_t> used_end_{0};
    std::atomic<std::size_t> reserved_{0};
};

} // namespace ufomem
