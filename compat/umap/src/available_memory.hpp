// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace compat {

/// Bytes that can still be used: the least of what the machine has available, and what the limits of the process's control groups leave.
std::uint64_t available_memory() noexcept;

} // namespace compat
