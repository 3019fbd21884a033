// SPDX-License-Identifier: MIT
// A thread of the library may stay on one processor (delivery/thread.hpp).  The program's own code does so only where it has been quick so far: threads that it
// starts inherit that, and a pool of them would share one processor for ever.  To leave, and to come back, takes 3 us each.
#pragma once

#include "kernel/processors.hpp"

namespace ufomem {

struct Home {
    kernel::Processors one; ///< where it stays
    kernel::Processors all; ///< where it may run
};

/// Of this thread; null: it runs anywhere.  Outlives the thread.
inline thread_local constinit const Home *t_home = nullptr;

/// As long as it lives, this thread runs anywhere.
class AwayFromHome {
  public:
    AwayFromHome() noexcept : home_(t_home)
    {
        if (!home_) [[likely]]
            return;
        t_home = nullptr; // callbacks nest
        home_->all.use();
    }
    AwayFromHome(const AwayFromHome &) = delete;
    AwayFromHome &operator=(const AwayFromHome &) = delete;
    ~AwayFromHome()
    {
        if (!home_) [[likely]]
            return;
        home_->one.use();
        t_home = home_;
    }

  private:
    const Home *const home_;
};

} // namespace ufomem
