// SPDX-License-Identifier: MIT
// Where the program was installed, and what belongs to it.
#pragma once

#include <string>

namespace ufod {

/// The configuration that is read unless another one is named.  Below the prefix that the program is in, which may be another one than at the time of
/// building; /etc for /usr.
std::string usual_configuration();

} // namespace ufod
