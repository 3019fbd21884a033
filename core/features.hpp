// SPDX-License-Identifier: MIT
// What the kernel offers and the core may use.  Each can be switched off, to test what an older kernel does.
#pragma once

#include "status.hpp"

#include <cstdint>

namespace ufomem {

/// The bits are those of the C header; capi checks that.
enum Feature : std::uint32_t {
    feature_userfaultfd_device = 1U << 0,
    feature_userfaultfd_syscall = 1U << 1,
    feature_userfaultfd_user = 1U << 2,
    feature_write_protect = 1U << 3,
    feature_move = 1U << 4,
    feature_poison = 1U << 5,
    feature_batched_drop = 1U << 6,
};

constexpr std::uint32_t all_features = (1U << 7) - 1;

class Features {
  public:
    constexpr explicit Features(std::uint32_t bits = 0) : bits_(bits) {}
    constexpr bool has(Feature feature) const { return (bits_ & feature) != 0; }
    constexpr void add(Feature feature) { bits_ |= feature; }
    constexpr std::uint32_t bits() const { return bits_; }

  private:
    std::uint32_t bits_;
};

/// Reads a list such as "move,write_protect".
Result<std::uint32_t> parse_features(const char *list) noexcept;

} // namespace ufomem
