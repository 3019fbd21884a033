// SPDX-License-Identifier: MIT
// Elements that are in memory, without a call into the library.
#pragma once

#include <ufomem/ufo.h>

#include <cstddef>

namespace ufomem::python {

/// Everything goes by calls until the library tells what is resident.
class Residency {
  public:
    void open(ufo *, size_t) noexcept {}
    void close() noexcept {}
    void abandon() noexcept {}
    bool read(size_t, size_t, void *) noexcept { return false; }
    bool write(size_t, size_t, const void *) noexcept { return false; }
};

} // namespace ufomem::python
