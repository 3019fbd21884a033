// SPDX-License-Identifier: MIT
#include "pressure_policy.hpp"

#include <algorithm>

namespace ufomem {
namespace {

constexpr double much_waiting = 0.10;
constexpr double no_waiting = 0.01;

/// Below this, memory is short whether somebody waits or not.
std::uint64_t short_below(const kernel::MemoryRoom &room) { return room.total / 20; }
/// What lowering aims at, and raising leaves.
std::uint64_t comfortable(const kernel::MemoryRoom &room) { return room.total / 10; }
/// Above this, waiting has other reasons than a lack of memory.
std::uint64_t plenty(const kernel::MemoryRoom &room) { return room.total / 4; }

bool scarce(const kernel::MemoryRoom &room)
{
    return room.available < short_below(room) || (room.stalled >= much_waiting && room.available < plenty(room));
}

bool roomy(const kernel::MemoryRoom &room)
{
    return room.available > comfortable(room) && (room.stalled < no_waiting || room.available >= plenty(room));
}

/// What will be in use within a moment: chunks leave in batches, and others take their places.  What those have left is available to nobody else.
std::uint64_t used_soon(std::uint64_t budget, std::uint64_t used)
{
    const bool between_watermarks = used >= budget / 6 * 5; // or a little below: the low one is at 88 % unless somebody says otherwise
    return between_watermarks ? std::max(used, budget) : used;
}

} // namespace

std::uint64_t PressurePolicy::next_budget(std::span<const kernel::MemoryRoom> rooms, std::uint64_t budget, std::uint64_t used)
{
    const std::uint64_t soon = used_soon(budget, used);
    std::uint64_t give_back = 0;
    std::uint64_t may_take = most_;
    bool all_roomy = true;
    for (kernel::MemoryRoom room : rooms) {
        room.available -= std::min(room.available, soon - used);
        if (scarce(room)) {
            const std::uint64_t missing = comfortable(room) - std::min(comfortable(room), room.available);
            give_back = std::max({give_back, missing, soon / 8});
        }
        all_roomy = all_roomy && roomy(room);
        // Half of it: what is taken counts twice, as ours and as no longer available, and others grow as well.
        may_take = std::min(may_take, (room.available - std::min(room.available, comfortable(room))) / 2);
    }

    calm_ = all_roomy ? std::min(calm_ + 1, calm_looks) : 0;
    if (give_back > 0) {
        // From what is used: to lower a budget that nobody uses up would give nothing back.
        const std::uint64_t from = std::min(budget, soon);
        return std::clamp(from - std::min(from, give_back), std::min(least_, budget), most_);
    }
    if (budget < least_ || budget > most_)
        return std::clamp(budget, least_, most_);
    if (calm_ < calm_looks)
        return budget;
    const std::uint64_t step = std::min({most_ / 16, may_take, most_ - budget});
    // A rest of the way that is smaller than a step is gone at once, other tiny steps are not worth the work.
    return step < most_ / 64 && step < most_ - budget ? budget : budget + step;
}

} // namespace ufomem
