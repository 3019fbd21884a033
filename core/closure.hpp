// SPDX-License-Identifier: MIT
// A user's callback {function, user_data, free_fn}, shared by every object that may still call it.
#pragma once

#include "home.hpp"

#include <memory>

namespace ufomem {

using FreeFunction = void (*)(void *user_data);

template <class Function> class Closure {
  public:
    Closure() = default;

    /// Takes over user_data: free_fn runs once, when the last copy is gone, or right here if there is no memory (std::bad_alloc).
    Closure(Function callable, void *data, FreeFunction free_fn)
        : function_(callable), user_data_(data, [free_fn](void *owned) {
              const AwayFromHome away;
              if (free_fn)
                  free_fn(owned);
          })
    {
    }

    explicit operator bool() const { return function_ != nullptr; }
    Function function() const { return function_; }
    void *user_data() const { return user_data_.get(); }

  private:
    Function function_ = nullptr;
    std::shared_ptr<void> user_data_; // owns even a null pointer: the deleter runs for it too
};

} // namespace ufomem
