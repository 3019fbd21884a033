// SPDX-License-Identifier: MIT
// What happened, for the statistics of a region and of its core.
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
};

} // namespace ufomem
