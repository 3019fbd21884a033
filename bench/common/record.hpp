// SPDX-License-Identifier: MIT
// What one measuring program tells the runner: lines of "key value" on standard output.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace bench {

inline void record(const char *key, double value)
{
    std::printf("%s %.9g\n", key, value);
}

inline void record(const char *key, std::uint64_t value)
{
    std::printf("%s %llu\n", key, static_cast<unsigned long long>(value));
}

inline void record(const char *key, const std::string &value)
{
    std::printf("%s %s\n", key, value.c_str());
}

} // namespace bench
