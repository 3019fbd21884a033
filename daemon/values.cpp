// SPDX-License-Identifier: MIT
#include "values.hpp"

#include <charconv>
#include <cstdio>
#include <limits>
#include <optional>

namespace ufod {
namespace {

/// The number at the front, which is taken off `text`; nothing if there is none, or it is too large.
std::optional<std::uint64_t> take_number(std::string_view &text, int base = 10)
{
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{})
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// number * unit, if that can be told in 64 bits.
std::optional<std::uint64_t> times(std::optional<std::uint64_t> number, std::uint64_t unit)
{
    if (!number || *number > std::numeric_limits<std::uint64_t>::max() / unit)
        return std::nullopt;
    return *number * unit;
}

} // namespace

std::uint64_t Amount::of(std::uint64_t total) const
{
    // First divided, so that it cannot overflow.
    return kind_ == Kind::percent ? total / 100 * value_ : value_;
}

std::uint64_t parse_number(std::string_view text, std::uint64_t least, std::uint64_t most)
{
    const std::optional<std::uint64_t> number = take_number(text);
    if (!number || !text.empty() || *number < least || *number > most)
        throw BadValue("is no whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return *number;
}

std::uint64_t parse_size(std::string_view text)
{
    std::optional<std::uint64_t> size = take_number(text);
    if (text.size() == 1) {
        constexpr std::string_view suffixes = "KMGT";
        const std::size_t power = suffixes.find(text.front());
        if (power != std::string_view::npos) {
            size = times(size, std::uint64_t{1} << 10 * (power + 1));
            text = {};
        }
    }
    if (!size || *size == 0 || !text.empty())
        throw BadValue("is no size: write bytes, or a number with K, M, G or T, such as 64K");
    return *size;
}

unsigned parse_percent(std::string_view text)
{
    const std::optional<std::uint64_t> number = take_number(text);
    if (!number || *number < 1 || *number > 100 || (!text.empty() && text != "%"))
        throw BadValue("is no percentage from 1 to 100");
    return static_cast<unsigned>(*number);
}

Amount parse_amount(std::string_view text)
{
    if (text == "auto")
        return {};
    if (text.ends_with('%'))
        return Amount::percent(parse_percent(text));
    try {
        return Amount::bytes(parse_size(text));
    } catch (const BadValue &) {
        throw BadValue("is no amount of memory: write auto, a size such as 2G, or a percentage such as 50%");
    }
}

std::chrono::milliseconds parse_duration(std::string_view text)
{
    constexpr std::uint64_t most = std::uint64_t{1000} * 60 * 60 * 24;
    std::optional<std::uint64_t> number = take_number(text);
    if (text.empty() || text == "s")
        number = times(number, 1000);
    else if (text == "min")
        number = times(number, 60'000);
    else if (text != "ms")
        number.reset();
    if (!number || *number > most)
        throw BadValue("is no duration of at most a day: write for instance 250ms, 3s or 2min");
    return std::chrono::milliseconds(*number);
}

unsigned parse_mode(std::string_view text)
{
    const std::optional<std::uint64_t> mode = take_number(text, 8);
    if (!mode || !text.empty() || *mode == 0 || *mode > 0777)
        throw BadValue("is no octal mode such as 0600 or 0660");
    return static_cast<unsigned>(*mode);
}

std::string readable_size(std::uint64_t bytes)
{
    constexpr const char *units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    std::size_t unit = 0;
    auto value = static_cast<double>(bytes);
    for (; value >= 1024 && unit + 1 < std::size(units); value /= 1024)
        ++unit;
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

} // namespace ufod
