// SPDX-License-Identifier: MIT
// Those outside this process who see the memory of a served region: what the region has to tell them, and what they need to see it.
#pragma once

#include "../kernel/shared_file.hpp"
#include "../signal_guard.hpp"
#include "../units.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

namespace ufomem {

/// One of them.  Called by whoever works on the region, with the audience locked: must not wait for anybody.
class Viewer {
  public:
    virtual ~Viewer() = default;
    /// Pages of which he may have asked for some are there, or he should look again.
    virtual void wake(ByteRange pages) noexcept = 0;
    /// The threads that he asked for get an error.  False if they cannot be told.
    virtual bool refuse(ByteRange pages) noexcept = 0;
};

class Audience {
  public:
    /// The memory; made by the region's backing.
    const kernel::SharedFile &memory() const { return memory_; }
    void set_memory(kernel::SharedFile memory) { memory_ = std::move(memory); }

    /// Throws std::bad_alloc.
    void add(Viewer &viewer)
    {
        const GuardedLock lock(mutex_);
        viewers_.push_back(&viewer);
    }
    /// Afterwards he hears nothing any more.
    void remove(Viewer &viewer) noexcept
    {
        const GuardedLock lock(mutex_);
        viewers_.erase(std::remove(viewers_.begin(), viewers_.end(), &viewer), viewers_.end());
    }

    void wake(ByteRange pages) noexcept
    {
        const GuardedLock lock(mutex_);
        for (Viewer *viewer : viewers_)
            viewer->wake(pages);
    }
    bool refuse(ByteRange pages) noexcept
    {
        const GuardedLock lock(mutex_);
        bool all = true;
        for (Viewer *viewer : viewers_)
            all &= viewer->refuse(pages);
        return all;
    }

  private:
    kernel::SharedFile memory_; // set before anybody else can look
    std::mutex mutex_;
    std::vector<Viewer *> viewers_; // guarded by mutex_
};

} // namespace ufomem
