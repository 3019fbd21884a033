// SPDX-License-Identifier: MIT
// A file that a client has opened and sent here.  That it could open it for reading is all that is asked for; what it is called does not matter.
#pragma once

#include "file_version.hpp"
#include "kernel/file.hpp"
#include "sources/source.hpp"

#include <array>
#include <atomic>

namespace ufomem::service {

/// Whether the descriptor gives the right to read the file: one that was opened for writing only, or as a path, does not, and the cache must not
/// give it instead.
Status check_readable(const kernel::File &file) noexcept;

/// The same file, opened by this process itself: what others do to the descriptor that they have sent (O_DIRECT, say) does not matter to it.  Empty if
/// this process may not open it.
kernel::File reopen(const kernel::File &file) noexcept;

/// Gives the file as it was when it was opened, or an error: never a mixture.
class ClientFile final : public Source {
  public:
    ClientFile(kernel::File file, const FileVersion &version) : files_{}, version_(version) { files_[0] = std::move(file); }

    /// Another descriptor of it, in case that those which are there are made useless by who has sent them.
    void add(kernel::File file) noexcept;

    Status load(const Geometry &geometry, ByteRange data, std::byte *out) override;

  private:
    Status load_by(const kernel::File &file, ByteRange data, std::byte *out) const noexcept;

    static constexpr std::size_t most = 4;
    std::array<kernel::File, most> files_;      // those below count_ do not change any more
    std::atomic<std::size_t> count_{1};         // released by add()
    const FileVersion version_;
};

} // namespace ufomem::service
