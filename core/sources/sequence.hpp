// SPDX-License-Identifier: MIT
#pragma once

#include "source.hpp"

#include <cstdint>

namespace ufomem {

/// Integers from + i * step, modulo 2 to the width of an element: the same bits whether they are read as signed or unsigned.
class IntSequence final : public Source {
  public:
    IntSequence(std::int64_t from, std::int64_t step) : from_(from), step_(step) {}

    static Status check(std::size_t element_size);
    Status load(const Geometry &geometry, ByteRange data, std::byte *out) override;

  private:
    std::int64_t from_;
    std::int64_t step_;
};

/// Floating-point numbers from + i * step, computed as doubles with one rounding.
class RealSequence final : public Source {
  public:
    RealSequence(double from, double step) : from_(from), step_(step) {}

    static Status check(std::size_t element_size);
    Status load(const Geometry &geometry, ByteRange data, std::byte *out) override;

  private:
    double from_;
    double step_;
};

} // namespace ufomem
