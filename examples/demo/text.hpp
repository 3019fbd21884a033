// SPDX-License-Identifier: MIT
// Numbers as people read them.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <string>

namespace demo {

[[gnu::format(printf, 1, 2)]] inline std::string format(const char *pattern, ...)
{
    char text[512];
    std::va_list arguments;
    va_start(arguments, pattern);
    std::vsnprintf(text, sizeof(text), pattern, arguments);
    va_end(arguments);
    return text;
}

/// 1234567 as 1,234,567.
inline std::string grouped(std::uint64_t number)
{
    const std::string digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); i++) {
        if (i > 0 && (digits.size() - i) % 3 == 0)
            text += ',';
        text += digits[i];
    }
    return text;
}

/// Binary units, as memory is counted in.
inline std::string size(std::uint64_t bytes)
{
    constexpr double MiB = 1 << 20;
    const auto amount = static_cast<double>(bytes);
    if (amount >= 1024 * MiB)
        return format("%.1f GiB", amount / (1024 * MiB));
    if (amount >= MiB)
        return format(amount < 10 * MiB ? "%.1f MiB" : "%.0f MiB", amount / MiB);
    return bytes == 0 ? "0" : format("%.0f KiB", amount / 1024);
}

} // namespace demo
