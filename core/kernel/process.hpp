// SPDX-License-Identifier: MIT
// Which process this is: a forked child is another one than its parent.
#pragma once

#include "../status.hpp"
#include "file.hpp"

#include <cstdint>

#include <sys/types.h>

namespace ufomem::kernel {

/// Never 0, and never the same in a child as in its parent.  Signal handlers may ask.
std::uint64_t this_process() noexcept;

/// Whether this_process() can tell.
Status can_tell_processes() noexcept;

/// A descriptor that becomes readable when this process has ended, wherever it is sent.
Result<File> descriptor_of_this_process();

/// Whether the thread sleeps outside of a system call, which is in a fault.  True if /proc does not tell.
bool may_sleep_in_fault(pid_t thread) noexcept;

/// Whether the signal is pending for that thread, which takes it as soon as it gets a processor.  False if /proc does not tell.
bool is_about_to_take(pid_t thread, int signal) noexcept;

/// gettid(), without the system call.
pid_t this_thread() noexcept;

} // namespace ufomem::kernel
