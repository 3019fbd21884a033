// SPDX-License-Identifier: MIT
#pragma once

#include "options.hpp"

namespace torture {

/// Everything that was chosen.  An exit status: 0 if nothing was found.
int sweep(const Options &options);
int list(const Options &options);

} // namespace torture
