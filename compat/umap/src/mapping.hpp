// SPDX-License-Identifier: MIT
// One mapped region: a `ufo` whose source is a store.
#pragma once

#include "file_store.hpp"

#include <ufomem/ufo.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace compat {

struct MappingRequest {
    void *address = nullptr; ///< of the first byte; null: anywhere
    std::size_t bytes = 0;   ///< whole pages
    std::size_t page = 0;
    std::size_t read_ahead_bytes = 0; ///< 0: as ufomem sees fit
    bool writable = false;
    std::shared_ptr<Umap::Store> store;
    bool page_by_page = false; ///< the store is asked for single pages
    off_t offset = 0;          ///< of the region in the store
};

class Mapping {
  public:
    /// Null on an error: see ufo_last_error().
    static std::shared_ptr<Mapping> make(ufo_core *core, const MappingRequest &request);
    Mapping(const Mapping &) = delete;
    Mapping &operator=(const Mapping &) = delete;
    ~Mapping() { close(); }

    char *start() const { return start_; }
    std::size_t bytes() const { return bytes_; }
    std::size_t page() const { return page_; }
    bool holds(const void *address) const { return address >= start_ && address < start_ + bytes_; }

    // As the functions of ufomem; ranges are bytes from the start.
    ufo_status flush() { return ufo_flush(region_, 0, bytes_); }
    ufo_status prefetch(std::size_t first, std::size_t count) { return ufo_advise(region_, first, count, UFO_ADVICE_WILLNEED); }
    /// Until the end of the region.
    ufo_status pin(std::size_t first, std::size_t count);
    /// Ends the region, whoever else still refers to it; the store is not used any more then.  False if it has ended before.
    bool close();

  private:
    Mapping(ufo *region, std::size_t bytes, std::size_t page)
        : region_(region), start_(static_cast<char *>(ufo_data(region))), bytes_(bytes), page_(page)
    {
    }

    ufo *region_;
    char *start_;
    std::size_t bytes_;
    std::size_t page_;
    std::mutex mutex_; ///< of the rest; not held while pages come or go
    bool closed_ = false;
    std::vector<std::pair<std::size_t, std::size_t>> pins_; ///< {first, count} of each
};

} // namespace compat
