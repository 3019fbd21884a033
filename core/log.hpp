// SPDX-License-Identifier: MIT
// Messages go to the user's callback, or nowhere: the library never prints.
#pragma once

#include "closure.hpp"

#include <cstdint>

namespace ufomem {

enum class LogLevel : std::int32_t { error = 0, warning = 1, info = 2, debug = 3 };

class Log {
  public:
    using Function = void (*)(void *user_data, std::int32_t level, const char *message);

    Log() = default;
    explicit Log(Closure<Function> sink) : sink_(std::move(sink)) {}

    [[gnu::format(printf, 3, 4)]] void operator()(LogLevel level, const char *format, ...) const noexcept;

  private:
    Closure<Function> sink_;
};

} // namespace ufomem
