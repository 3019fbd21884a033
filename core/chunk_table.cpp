// SPDX-License-Identifier: MIT
#include "chunk_table.hpp"

#include "kernel/moment.hpp"

namespace ufomem {
namespace {

/// For somebody who is giving a page back, and waits for nothing but the kernel.
void wait_a_moment(unsigned looks) { kernel::wait_a_moment(looks, 20'000); }

} // namespace

/// Until the word is open again.
ChunkWord ChunkTable::look_again(ChunkIndex chunk) const noexcept
{
    for (unsigned i = 0;; ++i) {
        const ChunkWord seen{at(chunk).load(std::memory_order_acquire)};
        if (!seen.is_sealed())
            return seen;
        wait_a_moment(i);
    }
}

/// Of a block that is not marked as touched.  As long as its page is going, there may be processors that have the old one yet: what is changed there
/// without a look, by who owns or holds the chunk, would be lost.
bool ChunkTable::mark_first(Mark &mark) noexcept
{
    for (unsigned i = 0;; ++i) {
        std::uint8_t seen = untouched;
        if (mark.compare_exchange_strong(seen, touched))
            return true;
        if (seen == touched)
            return false;
        wait_a_moment(i);
    }
}

/// The page of a block whose words are all sealed.  The kernel opens them before it has had all processors forget the page: who claims a chunk meanwhile
/// finds that it is still going, as the mark was there before the page went.
bool ChunkTable::drop(ChunkIndex first) const noexcept
{
    Mark &mark = mark_of(first);
    mark.store(going);
    const bool gone = kernel::drop(reinterpret_cast<std::byte *>(&at(first)), block_bytes).ok();
    mark.store(gone ? untouched : touched);
    return gone;
}

} // namespace ufomem
