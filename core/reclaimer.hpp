// SPDX-License-Identifier: MIT
// What the frames ask for when the budget is reached.  The evictor answers; the frames do not know it.
#pragma once

#include "status.hpp"

#include <cstddef>

namespace ufomem {

class Reclaimer {
  public:
    struct Outcome {
        std::size_t freed = 0; ///< bytes that left regions: discharged, or parked in the pool
        Failure failure;       ///< why changed chunks could not leave, if that was so
    };
    virtual Outcome reclaim(std::size_t bytes) = 0;

  protected:
    ~Reclaimer() = default;
};

} // namespace ufomem
