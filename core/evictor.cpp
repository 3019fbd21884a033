// SPDX-License-Identifier: MIT
#include "evictor.hpp"

#include "region.hpp"

#include <array>

namespace ufomem {
namespace {

constexpr std::size_t most_at_once = 64;

/// The candidates of one region at the head of `candidates`.
std::span<Candidate> of_one_region(std::span<Candidate> candidates)
{
    std::size_t count = 1;
    while (count < candidates.size() && candidates[count].region.handle == candidates[0].region.handle &&
           candidates[count].region.generation == candidates[0].region.generation)
        ++count;
    return candidates.first(count);
}

} // namespace

Reclaimer::Outcome Evictor::reclaim(std::size_t bytes)
{
    at_work_.fetch_add(1);
    Outcome outcome;
    std::array<Candidate, most_at_once> room;
    std::array<ChunkIndex, most_at_once> chunks;
    // Those that cannot leave go to the end of the queue; each is asked once.
    std::size_t asked = 0;
    const std::size_t most = engine_.resident.size() + most_at_once;
    while (outcome.freed < bytes && asked < most) {
        std::span<Candidate> candidates = engine_.resident.pop(room, bytes - outcome.freed);
        if (candidates.empty())
            break;
        asked += candidates.size();
        while (!candidates.empty()) {
            const std::span<Candidate> group = of_one_region(candidates);
            candidates = candidates.subspan(group.size());
            const RegionVisit region = visit(group[0].region);
            if (!region)
                continue;
            for (std::size_t i = 0; i < group.size(); ++i)
                chunks[i] = group[i].chunk;
            Region::Eviction eviction;
            region->evict_candidates(std::span(chunks).first(group.size()), eviction);
            outcome.freed += eviction.freed;
            outcome.busy |= eviction.busy;
            if (eviction.failure.code != Code::ok)
                outcome.failure = eviction.failure;
        }
    }
    // Candidates in the hands of another thread are in no queue, but may be about to leave.
    if (at_work_.fetch_sub(1) > 1)
        outcome.busy = true;
    return outcome;
}

} // namespace ufomem
