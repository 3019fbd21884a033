// SPDX-License-Identifier: MIT
// Readers outside the library: how they are let in, kept off and waited for.
#include "region.hpp"

#include "kernel/futex.hpp"
#include "signal_guard.hpp"

namespace ufomem {

Result<std::shared_ptr<Residency>> Region::open_residency()
{
    const GuardedLock lock(residency_mutex_);
    if (std::shared_ptr<Residency> residency = residency_.lock())
        return residency;
    if (Status status = table_.make_absent_in_children(); !status.ok())
        return status;
    auto residency = std::make_shared<Residency>();
    residency_ = residency;
    return residency;
}

/// Signals are held back by the caller.
std::shared_ptr<Residency> Region::residency() noexcept
{
    const std::lock_guard lock(residency_mutex_);
    return residency_.lock();
}

/// The region is being freed, and nobody is in a call: what readers outside have stored until now is marked as changed, and there will be no more.
void Region::refuse_readers() noexcept
{
    if (!residency())
        return;
    table_.for_each_touched(table_.all(), [this](ChunkIndex chunk) {
        ChunkWord seen = look(chunk);
        while (seen.is(ChunkState::resident) && !change(chunk, seen, seen.with(ChunkWord::shut))) {
        }
    });
}

/// The reason for which the chunk was shut is gone.
void Region::admit_readers(ChunkIndex chunk) noexcept
{
    ChunkWord seen = look(chunk);
    while (seen.is(ChunkState::resident) && seen.has(ChunkWord::shut) && !closing_.load(std::memory_order_relaxed) &&
           !change(chunk, seen, seen.without(ChunkWord::shut))) {
    }
}

/// By who waited for the last hold of a chunk, and will not act on it after all.  Others who wait shut it again.
void Region::give_up_waiting(ChunkIndex chunk, ChunkWord seen) noexcept
{
    if (seen.holds() == 0 || !seen.has(ChunkWord::dirty)) // otherwise a holder may be in make_dirty()
        admit_readers(chunk);
}

/// Takes all chunks out of the resident state, while their memory is still there, as soon as readers outside have let go of them.  Nobody is inside
/// any more.
void Region::retire_words() noexcept
{
    table_.for_each_touched(table_.all(), [this](ChunkIndex chunk) {
        ChunkWord seen = look(chunk);
        while (seen.is(ChunkState::resident)) {
            if (seen.holds() == 0) {
                if (change(chunk, seen, seen.to(ChunkState::leaving)))
                    break;
                continue;
            }
            const ChunkWord waiting = seen.with(ChunkWord::waiters | ChunkWord::shut);
            if (change(chunk, seen, waiting))
                kernel::futex_wait(word(chunk), waiting.bits(), 20);
            seen = look(chunk);
        }
    });
}

} // namespace ufomem
