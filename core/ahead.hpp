// SPDX-License-Identifier: MIT
// What regions ask for that will be wanted soon.  The prefetcher answers; the regions do not know it.
#pragma once

#include "handle.hpp"
#include "units.hpp"

#include <cstddef>

namespace ufomem {

class Ahead {
  public:
    struct Request {
        RegionTicket region;
        ChunkIndex first;
        std::ptrdiff_t step = 1; ///< between the chunks
        std::size_t count = 0;
        bool neighbours = false;      ///< those in between, and a few more, may come along
        bool for_walk = false;        ///< not wanted any more when whoever walks is past them
        Access access = Access::read; ///< what they will be wanted for
    };
    /// A hint: forgotten if too many wait already, or if there is no memory for it.
    virtual void request(const Request &request) noexcept = 0;

  protected:
    ~Ahead() = default;
};

} // namespace ufomem
