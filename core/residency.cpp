// SPDX-License-Identifier: MIT
#include "residency.hpp"

#include "kernel/futex.hpp"

namespace ufomem {

void Residency::wake(std::atomic<ChunkWord::Bits> &word) noexcept
{
    ChunkWord::Bits bits = word.load(std::memory_order_acquire);
    const auto idle = [&] {
        const ChunkWord seen(bits);
        return seen.is(ChunkState::resident) && !seen.has(ChunkWord::cleaning) && seen.holds() == 0;
    };
    // In a transition the mark is for the one who ends that: he wakes threads in faults, too.
    while (idle() && !word.compare_exchange_weak(bits, bits & ~ChunkWord::waiters, std::memory_order_acq_rel, std::memory_order_acquire)) {
    }
    kernel::futex_wake_all(word);
}

} // namespace ufomem
