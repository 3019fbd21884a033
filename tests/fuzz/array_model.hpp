// SPDX-License-Identifier: MIT
// What an array of the library must hold: its source, changes on top of it, and what nobody can know after a failed call.
#pragma once

#include "input.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include <ufomem/ufo.h>

namespace fuzz {

/// What callbacks see, in whatever thread.
class Source {
  public:
    Source(std::size_t element_size, std::uint8_t seed) : element_size_(element_size), seed_(seed) {}

    std::atomic<bool> failing{false};

    std::uint8_t byte(std::size_t offset) const
    {
        const std::lock_guard lock(mutex_);
        const auto found = saved_.find(offset);
        return found != saved_.end() ? found->second : static_cast<std::uint8_t>(seed_ + offset * 7 + offset / 4096);
    }
    static std::int32_t populate(void *source, std::size_t first, std::size_t count, void *out);
    static std::int32_t writeback(void *source, std::size_t first, std::size_t count, const void *data);

  private:
    const std::size_t element_size_;
    const std::uint8_t seed_;
    mutable std::mutex mutex_;
    std::map<std::size_t, std::uint8_t> saved_; // guarded by mutex_: what differs from the formula
};

class ArrayModel {
  public:
    enum class Kind { zeros, computed, stored, integers, file, written_file };

    Kind kind = Kind::zeros;
    std::shared_ptr<Source> source; ///< of computed and stored
    int file = -1;            ///< of file and written_file
    std::int64_t from = 0;    ///< of integers
    std::int64_t step = 0;
    std::size_t count = 0;
    std::size_t element_size = 1;
    std::size_t chunk_bytes = 1;
    bool read_only = false;
    bool for_callers = false;

    std::size_t bytes() const { return count * element_size; }
    /// Nothing if it cannot be known.
    std::optional<std::uint8_t> at(std::size_t offset) const
    {
        const auto found = changes_.find(offset);
        return found != changes_.end() ? found->second : from_source(offset);
    }
    void change(std::size_t offset, std::uint8_t value) { changes_[offset] = value; }
    void forget(std::size_t offset) { changes_[offset] = std::nullopt; }
    /// A reset of all chunks that the bytes meet: what the source was not given is gone.
    void reset(std::size_t begin, std::size_t end, bool complete)
    {
        begin = begin / chunk_bytes * chunk_bytes;
        end = (end + chunk_bytes - 1) / chunk_bytes * chunk_bytes;
        for (auto change = changes_.lower_bound(begin); change != changes_.end() && change->first < end;)
            if (complete)
                change = changes_.erase(change);
            else
                (change++)->second = std::nullopt;
    }

  private:
    std::uint8_t from_source(std::size_t offset) const;

    std::map<std::size_t, std::optional<std::uint8_t>> changes_;
};

} // namespace fuzz
