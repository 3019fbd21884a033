// SPDX-License-Identifier: MIT
#pragma once

#include "options.hpp"

namespace torture {

/// One case again, told in detail, in each scenario and variant that was chosen.  An exit status: 0 if nothing was wrong, and the fault happened in
/// each of them.
int repeat(const Options &options);

} // namespace torture
