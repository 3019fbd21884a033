// SPDX-License-Identifier: MIT
#include "log.hpp"

#include "home.hpp"

#include <cstdarg>
#include <cstdio>

namespace ufomem {

void Log::operator()(LogLevel level, const char *format, ...) const noexcept
{
    if (!sink_)
        return;
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const AwayFromHome away;
    try {
        sink_.function()(sink_.user_data(), static_cast<std::int32_t>(level), message);
    } catch (...) { // a logger that throws has nowhere to be reported
    }
}

} // namespace ufomem
