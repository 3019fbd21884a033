// SPDX-License-Identifier: MIT
// The processors that a thread may run on.
#pragma once

#include <cstddef>

#include <sched.h>

namespace ufomem::kernel {

class Processors {
  public:
    /// None where the kernel does not tell.
    static Processors of_this_thread() noexcept
    {
        Processors processors;
        if (sched_getaffinity(0, sizeof processors.set_, &processors.set_) != 0)
            CPU_ZERO(&processors.set_);
        return processors;
    }

    std::size_t count() const noexcept { return static_cast<std::size_t>(CPU_COUNT(&set_)); }

    /// The one with so many before it; none if there are no more.
    Processors only(std::size_t before) const noexcept
    {
        Processors one;
        for (std::size_t processor = 0; processor < CPU_SETSIZE; ++processor)
            if (CPU_ISSET(processor, &set_) && before-- == 0) {
                CPU_SET(processor, &one.set_);
                break;
            }
        return one;
    }

    /// The calling thread runs on these from now on, if the system lets it: nothing but speed depends on that.
    void use() const noexcept
    {
        if (count() != 0)
            (void)sched_setaffinity(0, sizeof set_, &set_);
    }

  private:
    cpu_set_t set_{};
};

} // namespace ufomem::kernel
