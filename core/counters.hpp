// SPDX-License-Identifier: MIT
// What happened, for the statistics of a region; those of a core are the sum.
#pragma once

#include <atomic>
#include <cstdint>

namespace ufomem {

struct Counters {
    using Counter = std::atomic<std::uint64_t>;
    Counter faults{0};
    Counter populates{0};
    Counter populated_bytes{0};
    Counter evictions{0};
    Counter rescues{0};
    Counter written_back_bytes{0};
    Counter spill_written_bytes{0};
    Counter spill_read_bytes{0};
    Counter failures{0};

    void add(const Counters &others) noexcept
    {
        for (Counter Counters::*counter :
             {&Counters::faults, &Counters::populates, &Counters::populated_bytes, &Counters::evictions,
              &Counters::rescues, &Counters::written_back_bytes, &Counters::spill_written_bytes,
              &Counters::spill_read_bytes, &Counters::failures})
            (this->*counter).fetch_add((others.*counter).load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
};

} // namespace ufomem
