// SPDX-License-Identifier: MIT
// What the machine and the control group leave to this process.
#pragma once

#include <cstddef>

namespace ufomem::kernel {

/// Memory in bytes that can still be used: the least of what the machine has available and what each control group
/// (v1 or v2) above this process leaves.
std::size_t available_memory() noexcept;

} // namespace ufomem::kernel
