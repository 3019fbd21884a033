// SPDX-License-Identifier: MIT
#include "chunk_table.hpp"

#include <ctime>

#include <sched.h>

namespace ufomem {

/// Until the word is open again: whoever sealed it waits for nothing.
ChunkWord ChunkTable::look_again(ChunkIndex chunk) const noexcept
{
    constexpr unsigned yields = 20;
    constexpr timespec moment{0, 20'000};
    for (unsigned i = 0;; ++i) {
        const ChunkWord seen{at(chunk).load(std::memory_order_acquire)};
        if (!seen.is_sealed())
            return seen;
        if (i < yields)
            sched_yield();
        else
            nanosleep(&moment, nullptr); // the other one may need just this processor
    }
}

/// The page of a block whose words are all sealed.
bool ChunkTable::drop(ChunkIndex first) const noexcept
{
    // Before the words open: who changes one of them afterwards finds no mark, and sets it.  That he sees this store is the kernel's doing, which takes
    // the page away under a lock, and has all processors forget it.
    Mark &mark = marks()[first.value / block_chunks];
    mark.store(0);
    if (kernel::drop(reinterpret_cast<std::byte *>(&at(first)), block_bytes).ok())
        return true;
    mark.store(1);
    return false;
}

} // namespace ufomem
