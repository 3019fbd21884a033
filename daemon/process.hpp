// SPDX-License-Identifier: MIT
// What the process asks of the kernel before it does anything else.
#pragma once

#include <csignal>

namespace ufod {

/// Nobody of the same user looks into the process or its descriptors, its files are its own, and it may have as many descriptors as the system allows.
void prepare_process() noexcept;

/// The signals that the daemon waits for.
sigset_t awaited_signals() noexcept;

} // namespace ufod
