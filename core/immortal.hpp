// SPDX-License-Identifier: MIT
// What the program may use until it ends, also while other objects are destroyed: made without an allocation, which could fail, and never destroyed.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace ufomem {

template <class T> class Immortal {
  public:
    Immortal() noexcept { std::construct_at(reinterpret_cast<T *>(room_)); }
    Immortal(const Immortal &) = delete;
    Immortal &operator=(const Immortal &) = delete;

    T &get() noexcept { return *std::launder(reinterpret_cast<T *>(room_)); }

  private:
    alignas(T) std::byte room_[sizeof(T)];
};

} // namespace ufomem
