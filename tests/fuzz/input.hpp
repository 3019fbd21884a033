// SPDX-License-Identifier: MIT
// Bytes as decisions: what the fuzzer varies.  When they have run out, everything is zero.
#pragma once

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>

namespace fuzz {

class Input {
  public:
    Input(const std::uint8_t *data, std::size_t size) : rest_(data, size) {}

    bool empty() const { return rest_.empty(); }
    template <class Number> Number number()
    {
        Number value{};
        const std::span<const std::uint8_t> taken = take(sizeof value);
        std::memcpy(&value, taken.data(), taken.size());
        return value;
    }
    std::uint8_t byte() { return number<std::uint8_t>(); }
    /// One of 0 ... most.
    std::size_t up_to(std::size_t most) { return most < 256 ? byte() % (most + 1) : number<std::uint32_t>() % (most + 1); }
    bool one_in(std::size_t of) { return up_to(of - 1) == of - 1; }
    template <class T, std::size_t N> const T &one_of(const T (&choices)[N]) { return choices[up_to(N - 1)]; }
    std::span<const std::uint8_t> take(std::size_t size)
    {
        const std::span<const std::uint8_t> taken = rest_.first(std::min(size, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    /// The bytes up to the next one that is zero.
    std::string line(std::size_t most)
    {
        const auto end = std::find(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(std::min(most, rest_.size())), std::uint8_t{0});
        const std::span<const std::uint8_t> text = take(static_cast<std::size_t>(end - rest_.begin()));
        (void)take(1);
        return {reinterpret_cast<const char *>(text.data()), text.size()};
    }

  private:
    std::span<const std::uint8_t> rest_;
};

[[noreturn]] __attribute__((format(printf, 4, 5))) inline void give_up(const char *file, int line, const char *condition, const char *format, ...)
{
    std::fprintf(stderr, "%s:%d: %s  ", file, line, condition);
    va_list list;
    va_start(list, format);
    std::vfprintf(stderr, format, list);
    va_end(list);
    std::fputc('\n', stderr);
    __builtin_trap();
}

/// What must hold, whatever the input: the fuzzer keeps what brought it down.
#define MUST(condition, ...) ((condition) ? void() : fuzz::give_up(__FILE__, __LINE__, #condition, " " __VA_ARGS__))

} // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);
