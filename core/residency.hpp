// SPDX-License-Identifier: MIT
// For readers outside the library that look at the words of a region's chunks themselves, and hold a chunk for the length of one access: what
// has to stay mapped as long as they may look, also after the region's end.  See chunk_state.hpp for what a hold from outside is.
#pragma once

#include "chunk_table.hpp"

namespace ufomem {

class Residency {
  public:
    Residency() = default;
    Residency(const Residency &) = delete;
    Residency &operator=(const Residency &) = delete;

    /// By the region, at its end: its words, none of which is resident any more, and its addresses, without memory.
    void inherit(ChunkTable table, kernel::Mapping addresses) noexcept
    {
        table_ = std::move(table);
        addresses_ = std::move(addresses);
    }

    /// By who took back the last hold of a chunk that somebody waits for.
    static void wake(std::atomic<ChunkWord::Bits> &word) noexcept;

  private:
    ChunkTable table_;
    kernel::Mapping addresses_;
};

} // namespace ufomem
