// SPDX-License-Identifier: MIT
// A load that may fail without harm.  Of memory whose faults are reported for loads and stores only, and not for system calls (UFFD_USER_MODE_ONLY), a
// load is the one way to have it brought in, and its signal the one way to hear that there is nothing to be had: SIGBUS, or SIGSEGV where the memory is
// just being replaced.
#pragma once

#include "../status.hpp"

#include <cstddef>

#include <ucontext.h>

namespace ufomem {

/// Before probing: the program may have replaced the handlers meanwhile.
Status prepare_probes() noexcept;

/// Loads a byte of each `step`; false if one of these loads raised a signal.
bool probe(const std::byte *data, std::size_t size, std::size_t step) noexcept;

/// For the handler of both: whether a probe was interrupted.  It goes on by telling that it failed.
bool end_probe(ucontext_t &context) noexcept;

} // namespace ufomem
