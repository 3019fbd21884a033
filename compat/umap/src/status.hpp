// SPDX-License-Identifier: MIT
// What ufomem says, in the words of mmap(2).
#pragma once

#include <ufomem/ufo.h>

namespace compat {

/// The errno for a status; that of the store, if a store failed.  To be asked right after the failed call.
int errno_of(ufo_status status) noexcept;

/// Logs the sentence of the calling thread's last failed call, and sets errno.
void fail_as_ufomem_says(const char *what, ufo_status status = ufo_last_status()) noexcept;

} // namespace compat
