// SPDX-License-Identifier: MIT
// Which file it is, and in which state.
#pragma once

#include "kernel/file.hpp"
#include "status.hpp"

#include <compare>
#include <cstdint>

namespace ufomem::service {

/// The state of a file: another one as soon as it has been written to, or replaced.
struct FileVersion {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t changed_seconds = 0;
    std::int64_t changed_nanoseconds = 0;
    auto operator<=>(const FileVersion &) const = default;

    static Result<FileVersion> of(const kernel::File &file) noexcept;
};

} // namespace ufomem::service
