// SPDX-License-Identifier: MIT
// Sleeping on a word, and waking who sleeps on it.
#pragma once

#include <atomic>
#include <climits>
#include <cstdint>
#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ufomem::kernel {

/// Sleeps while `word` holds `expected`, at most `milliseconds`.  May return early: callers look again.
inline void futex_wait(const std::atomic<std::uint32_t> &word, std::uint32_t expected, long milliseconds) noexcept
{
    const timespec limit{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, &limit, nullptr, 0);
}

inline void futex_wake_all(const std::atomic<std::uint32_t> &word) noexcept
{
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

} // namespace ufomem::kernel
