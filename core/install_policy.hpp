// SPDX-License-Identifier: MIT
// Which mechanism brings a chunk in, and which takes it out.  One table, from measurements (docs/ARCHITECTURE.md).
#pragma once

#include "features.hpp"
#include "units.hpp"

#include <cstddef>

namespace ufomem {

enum class Install : std::uint8_t { copy, move };

struct InstallPlan {
    Install install = Install::copy;
    bool protect = false; ///< later stores are reported
    bool dirty = false;   ///< counts as changed from the start
    bool compare = false; ///< a store may come before the protection: what is there then is compared with what was put there
};

struct InstallPolicy {
    /// Below this, a move costs as much as a copy, and flushes every other processor's TLB besides.
    static constexpr std::size_t least_move_bytes = 32 * 1024;

    /// Below this, a move of pages that were allocated for it costs more than a copy; and so does one that has to be compared.
    static constexpr std::size_t least_fresh_move_bytes = 2 * 1024 * 1024;

    bool read_only = false;
    bool can_move = false;     ///< what is large enough may come in by move
    bool can_move_out = false; ///< ... and leave so, whatever their size
    bool can_protect = false;

    /// `most_bytes`: the most that comes in at once.
    static constexpr InstallPolicy choose(Features features, bool read_only, std::size_t most_bytes)
    {
        InstallPolicy policy;
        policy.read_only = read_only;
        policy.can_protect = features.has(feature_write_protect);
        // Both ends of a move have to be registered, which for the pool takes write-protection.
        const bool moves = features.has(feature_move) && policy.can_protect;
        policy.can_move = moves && most_bytes >= least_move_bytes;
        policy.can_move_out = moves && policy.maps_writable();
        return policy;
    }

    /// A move needs a writable mapping; where nothing is moved in, the kernel itself refuses stores to a read-only region.
    constexpr bool maps_writable() const { return !read_only || can_move; }

    constexpr InstallPlan plan(Access access, std::size_t bytes) const
    {
        const Install cheapest = can_move && bytes >= least_move_bytes ? Install::move : Install::copy;
        if (read_only)
            return {cheapest, can_move, false};
        if (access == Access::write || !can_protect)
            return {cheapest, false, true};
        // A moved page arrives writable, and a store that nobody saw would be lost.  Only a copy can be protected from birth.
        if (can_move && bytes >= least_fresh_move_bytes)
            return {Install::move, true, false, true};
        return {Install::copy, true, false};
    }

    /// A changed chunk has to be frozen.  The kernel moves no page that is pinned for direct I/O, which protection would not stop.
    /// An unchanged one is moved where its frame is used again by a move.
    constexpr bool leaves_by_move(bool dirty, std::size_t bytes) const
    {
        return dirty ? can_move_out : plan(Access::read, bytes).install == Install::move;
    }
};

} // namespace ufomem
