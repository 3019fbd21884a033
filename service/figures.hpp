// SPDX-License-Identifier: MIT
// What a service tells of itself, here and to its clients.
#pragma once

#include <cstdint>

namespace ufomem::service {

struct ServerFigures {
    std::uint64_t page_bytes = 0;
    std::uint64_t chunk_bytes = 0; ///< of files, unless their client asks for something else
    std::uint64_t budget_bytes = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t peak_bytes = 0;
    std::uint64_t low_bytes = 0;  ///< eviction ends below this
    std::uint64_t high_bytes = 0; ///< and begins above this
    std::uint64_t fillers = 0;    ///< threads that answer faults
    std::uint64_t most_fillers = 0;
    std::uint64_t evictors = 0; ///< threads that make room ahead of need
    std::uint64_t faults_at_once = 0;
    std::uint64_t clients = 0;
    std::uint64_t clients_ever = 0;
    std::uint64_t dismissed = 0; ///< of these: with whom the service ended the conversation
    std::uint64_t regions = 0;
    std::uint64_t faults = 0;   ///< answered
    std::uint64_t late = 0;     ///< ended in an error, because no answer came in time
    std::uint64_t failures = 0; ///< chunks that could not be filled
    std::uint64_t populated_bytes = 0;
    std::uint64_t evictions = 0; ///< chunks that left memory
};

} // namespace ufomem::service
