// SPDX-License-Identifier: MIT
// The store behind umap(): a file that somebody else has opened.
#pragma once

#include "umap/store/Store.hpp"

#include <atomic>
#include <limits>
#include <memory>

namespace compat {

class FileStore final : public Umap::Store {
  public:
    static constexpr off_t no_limit = std::numeric_limits<off_t>::max();

    /// Null, with errno set, if `descriptor` is no file that has content at offsets.  Nothing is written from `limit` on.
    static std::unique_ptr<FileStore> open(int descriptor, off_t limit);
    FileStore(const FileStore &) = delete;
    FileStore &operator=(const FileStore &) = delete;
    ~FileStore() override;

    bool readable() const;
    bool writable() const;

    /// Any number of bytes; zeros from the end of the file on.  A file that ends earlier than it did is an error.
    ssize_t read_from_store(char *buffer, std::size_t bytes, off_t offset) override;
    ssize_t write_to_store(char *buffer, std::size_t bytes, off_t offset) override;

  private:
    FileStore(int descriptor, off_t end, off_t limit) : descriptor_(descriptor), end_(end), limit_(limit) {}
    int buffered();
    void grow(off_t end);

    int descriptor_;
    std::atomic<int> buffered_{-1}; ///< the same file without O_DIRECT, opened when it is needed
    std::atomic<off_t> end_;        ///< the file has, or had, content up to here; only grows
    off_t limit_;
};

} // namespace compat
