// SPDX-License-Identifier: MIT
// What the frames ask for when the budget is reached, or nearly so.  The evictor answers; the frames do not know it.
#pragma once

#include "status.hpp"

#include <cstddef>

namespace ufomem {

class Reclaimer {
  public:
    struct Outcome {
        std::size_t freed = 0; ///< bytes that left regions: discharged, or parked in the pool
        Failure failure;       ///< why changed chunks could not leave, if that was so
        std::size_t asked = 0; ///< how many were asked to leave, neighbours that came together as one
    };
    virtual Outcome reclaim(std::size_t bytes) = 0;
    /// Room is getting short, though nobody has to wait yet.  Must not wait.
    virtual void make_room_soon() {}

  protected:
    ~Reclaimer() = default;
};

} // namespace ufomem
