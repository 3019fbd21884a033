// SPDX-License-Identifier: MIT
#pragma once

#include "../kernel/disk_file.hpp"
#include "source.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace ufomem {

/// A file that was opened for regions; shared by the config and everything made from it.
struct OpenFile {
    enum Flags : int { writeback = 1, direct = 2 };

    kernel::DiskFile disk;
    std::string path;
    std::uint64_t offset = 0;
    bool takes_changes = false;

    int descriptor() const { return disk.buffered().descriptor(); }
    /// Throws std::bad_alloc.
    static Result<std::shared_ptr<OpenFile>> open(const char *path, std::uint64_t offset, int flags);
    /// Whether `bytes` from the offset on are there now.
    Status check_length(std::size_t bytes) const;
};

class FileSource final : public Source {
  public:
    explicit FileSource(std::shared_ptr<OpenFile> file) : file_(std::move(file)) {}

    Status load(const Geometry &geometry, ByteRange data, std::byte *out) override;
    bool takes_changes() const override { return file_->takes_changes; }
    Status store(const Geometry &geometry, ByteRange data, const std::byte *in) override;
    Status sync() override;

  private:
    std::shared_ptr<OpenFile> file_;
};

} // namespace ufomem
