// SPDX-License-Identifier: MIT
// What the demonstration does.
#pragma once

#include "stage.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace demo {

/// An array of `count` 64-bit numbers: summed, partly rewritten, summed again.
void number_jobs(Stage &stage, std::size_t count);

/// The file at `path`, or one of `size_if_made` bytes that is made for it: a histogram of its bytes.
void file_jobs(Stage &stage, const std::string &path, std::uint64_t size_if_made);

} // namespace demo
