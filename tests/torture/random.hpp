// SPDX-License-Identifier: MIT
// Numbers that look random, and are the same for the same seed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace torture {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() { return state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL; }
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(next() >> 33) % limit; }

    /// The seed of what is still to come.
    std::uint64_t state() const { return state_; }

  private:
    std::uint64_t state_;
};

} // namespace torture
