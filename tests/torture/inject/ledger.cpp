// SPDX-License-Identifier: MIT
// Plain tables behind a spin lock: it works inside of operator new, and in signal handlers that interrupt nobody who holds it.
#include "ledger.hpp"

#include <array>
#include <atomic>
#include <csignal>

#include <pthread.h>
#include <sched.h>

namespace torture {
namespace {

struct Range {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::uint64_t site = 0;
};

struct Allocation {
    void *memory = nullptr;
    std::size_t size = 0;
    std::uint64_t site = 0;
};

constexpr std::size_t most_ranges = 8192;
constexpr std::size_t most_allocations = std::size_t{1} << 17;

constinit std::array<Range, most_ranges> g_ranges{};
constinit std::size_t g_range_count = 0;
std::array<Allocation, most_allocations> g_allocations{}; // open addressing
constinit std::atomic_flag g_busy = ATOMIC_FLAG_INIT;
void *const g_tombstone = reinterpret_cast<void *>(1);

class Busy {
  public:
    Busy() noexcept
    {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before_);
        while (g_busy.test_and_set(std::memory_order_acquire))
            sched_yield();
    }
    ~Busy()
    {
        g_busy.clear(std::memory_order_release);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    Busy(const Busy &) = delete;
    Busy &operator=(const Busy &) = delete;

  private:
    sigset_t before_;
};

std::size_t place_of(const void *memory)
{
    return reinterpret_cast<std::uintptr_t>(memory) / 16 * 0x9e3779b97f4a7c15ULL % most_allocations;
}

void cut_out(std::uintptr_t begin, std::uintptr_t end)
{
    for (std::size_t i = 0; i < g_range_count;) {
        Range &range = g_ranges[i];
        if (range.end <= begin || range.begin >= end) {
            ++i;
            continue;
        }
        const Range behind{end, range.end, range.site};
        const bool keeps_front = range.begin < begin;
        if (keeps_front)
            range.end = begin;
        if (behind.begin < behind.end) {
            if (!keeps_front)
                range = behind;
            else if (g_range_count < most_ranges)
                g_ranges[g_range_count++] = behind;
            ++i;
        } else if (keeps_front) {
            ++i;
        } else {
            range = g_ranges[--g_range_count];
        }
    }
}

} // namespace

Ledger &Ledger::of_process() noexcept
{
    static constinit Ledger ledger;
    return ledger;
}

void Ledger::allocated(void *memory, std::size_t size, std::uint64_t site) noexcept
{
    const Busy busy;
    for (std::size_t i = 0, at = place_of(memory); i < most_allocations; ++i, at = (at + 1) % most_allocations)
        if (g_allocations[at].memory == nullptr || g_allocations[at].memory == g_tombstone) {
            g_allocations[at] = {memory, size, site};
            return;
        }
}

void Ledger::freed(void *memory) noexcept
{
    const Busy busy;
    for (std::size_t i = 0, at = place_of(memory); i < most_allocations && g_allocations[at].memory;
         ++i, at = (at + 1) % most_allocations)
        if (g_allocations[at].memory == memory) {
            g_allocations[at] = {g_tombstone, 0, 0};
            return;
        }
}

void Ledger::mapped(void *start, std::size_t size, std::uint64_t site) noexcept
{
    const Busy busy;
    const auto begin = reinterpret_cast<std::uintptr_t>(start);
    cut_out(begin, begin + size);
    if (g_range_count < most_ranges)
        g_ranges[g_range_count++] = {begin, begin + size, site};
}

void Ledger::unmapped(void *start, std::size_t size) noexcept
{
    const Busy busy;
    const auto begin = reinterpret_cast<std::uintptr_t>(start);
    cut_out(begin, begin + size);
}

Ledger::Snapshot Ledger::snapshot()
{
    Snapshot snapshot;
    for (const Allocation &one : g_allocations)
        if (one.memory && one.memory != g_tombstone) {
            Holding &holding = snapshot.allocations[one.site];
            ++holding.count;
            holding.bytes += one.size;
        }
    for (std::size_t i = 0; i < g_range_count; ++i) {
        Holding &holding = snapshot.mappings[g_ranges[i].site];
        ++holding.count;
        holding.bytes += g_ranges[i].end - g_ranges[i].begin;
    }
    return snapshot;
}

} // namespace torture
