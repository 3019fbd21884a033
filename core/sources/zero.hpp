// SPDX-License-Identifier: MIT
#pragma once

#include "source.hpp"

#include <cstring>

namespace ufomem {

/// An array that starts as zeros.
class ZeroSource final : public Source {
  public:
    Status load(const Geometry &, ByteRange data, std::byte *out) override
    {
        std::memset(out, 0, data.length);
        return {};
    }
};

} // namespace ufomem
