// SPDX-License-Identifier: MIT
// A lock for a few instructions.  Callers only try it, and go to another shard when it is taken: a thread that was interrupted by a
// signal while it held one can so never stop the others.
#pragma once

#include <atomic>

namespace ufomem {

class SpinLock {
  public:
    bool try_lock() noexcept { return !taken_.load(std::memory_order_relaxed) && !taken_.exchange(true, std::memory_order_acquire); }
    void unlock() noexcept { taken_.store(false, std::memory_order_release); }

  private:
    std::atomic<bool> taken_{false};
};

} // namespace ufomem
