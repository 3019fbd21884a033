// SPDX-License-Identifier: MIT
// How to wait for what another thread does without being told of its end.
#pragma once

#include <ctime>

#include <sched.h>

namespace ufomem::kernel {

/// After so many looks in vain.  At first it may be over at once; then he may need just this processor.
inline void wait_a_moment(unsigned looks, long nanoseconds) noexcept
{
    constexpr unsigned yields = 10;
    const timespec moment{0, nanoseconds};
    if (looks < yields)
        sched_yield();
    else
        nanosleep(&moment, nullptr);
}

} // namespace ufomem::kernel
