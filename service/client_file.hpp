// SPDX-License-Identifier: MIT
// A file that a client has opened and sent here.  That it could open it for reading is all that is asked for; what it is called does not matter.
#pragma once

#include "file_version.hpp"
#include "kernel/file.hpp"
#include "sources/source.hpp"

namespace ufomem::service {

/// Whether the descriptor gives the right to read the file: one that was opened for writing only, or as a path, does not, and the cache must not
/// give it instead.
Status check_readable(const kernel::File &file) noexcept;

/// Gives the file as it was when it was opened, or an error: never a mixture.
class ClientFile final : public Source {
  public:
    ClientFile(kernel::File file, const FileVersion &version) : file_(std::move(file)), version_(version) {}

    Status load(const Geometry &geometry, ByteRange data, std::byte *out) override;

  private:
    const kernel::File file_;
    const FileVersion version_;
};

} // namespace ufomem::service
