// SPDX-License-Identifier: MIT
// Values as people write them: sizes, shares, durations, numbers.  Each reader throws BadValue with the end of a sentence that began with the text.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ufod {

/// "is no size; write for instance ..."
struct BadValue : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// An amount of memory: in bytes, as a share of the memory that there is, or left to the program.
class Amount {
  public:
    Amount() = default;
    static Amount bytes(std::uint64_t bytes) { return Amount(Kind::bytes, bytes); }
    static Amount percent(unsigned percent) { return Amount(Kind::percent, percent); }

    bool automatic() const { return kind_ == Kind::automatic; }
    /// In bytes, where there is `total` memory; 0 if it is left to the program.
    std::uint64_t of(std::uint64_t total) const;

  private:
    enum class Kind { automatic, bytes, percent };
    Amount(Kind kind, std::uint64_t value) : kind_(kind), value_(value) {}

    Kind kind_ = Kind::automatic;
    std::uint64_t value_ = 0;
};

/// A whole number from `least` to `most`.
std::uint64_t parse_number(std::string_view text, std::uint64_t least, std::uint64_t most);
/// Bytes, at least 1, with the suffix K, M, G or T for powers of 1024.
std::uint64_t parse_size(std::string_view text);
/// "70%" or "70", from 1 to 100.
unsigned parse_percent(std::string_view text);
/// "auto", a size, or a percentage.
Amount parse_amount(std::string_view text);
/// "250ms", "3s", "2min"; a bare number means seconds.
std::chrono::milliseconds parse_duration(std::string_view text);
/// Permissions in octal, such as 0660.
unsigned parse_mode(std::string_view text);

/// As parse_size() reads it, but rounded for people: "1.5 GiB".
std::string readable_size(std::uint64_t bytes);

} // namespace ufod
