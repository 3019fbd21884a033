// SPDX-License-Identifier: MIT
// The library's core and server, as the settings want them.
#pragma once

#include "library.hpp"
#include "log.hpp"
#include "publications.hpp"
#include "settings.hpp"

#include <cstdint>

namespace ufod {

/// Between what the budget may move, in bytes.
struct BudgetRange {
    std::uint64_t least = 0;
    std::uint64_t most = 0;
};

class Hosting {
  public:
    /// Listens and answers as soon as it is made.  `listening_socket`: one that was handed over, or -1.  Throws.
    Hosting(const Settings &settings, int listening_socket, Log &log);

    const BudgetRange &range() const { return range_; }
    ufo_server_stats stats() const;

    /// Throws, with everything as it was, if memory in use cannot be brought below.
    void set_budget(std::uint64_t bytes);
    /// As new settings want it.  A budget that has been lowered stays so, inside the new range, while the settings have it adapted.  Throws likewise.
    void change_range(const Settings &settings);
    /// A sentence for each that failed.
    std::vector<std::string> publish(const std::vector<Publication> &wanted)
    {
        return publications_.change(server_.get(), wanted);
    }

    /// Lets clients in, who have waited until then.
    void admit();

  private:
    std::uint64_t budget() const;
    /// Of what the settings and the library say; throws UsageError if the settings contradict each other.
    BudgetRange range_of(const Settings &settings) const;

    // In this order: the server ends before the core.
    Core core_;
    std::uint64_t standard_budget_; ///< the library's own choice; 0: it was not asked yet
    BudgetRange range_;
    Server server_;
    Publications publications_;
};

} // namespace ufod
