// SPDX-License-Identifier: MIT
// Which ranges of an endless file are free.  Neighbours merge, and the smallest that suffices is taken first.
#pragma once

#include "heap.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace ufomem {

class FreeRanges {
  public:
    using Offset = std::uint64_t;

    struct Range {
        Offset offset;
        std::size_t size;
    };

    explicit FreeRanges(Heap &heap) : by_offset_(heap), by_size_(heap) {}

    Offset take(std::size_t size) noexcept
    {
        const std::optional<Offset> hole = take_hole(size);
        return hole ? *hole : std::exchange(end_, end_ + size);
    }

    /// Only from what was given back.
    std::optional<Offset> take_hole(std::size_t size) noexcept
    {
        const auto found = by_size_.lower_bound(std::pair(size, Offset{0}));
        if (found == by_size_.end())
            return std::nullopt;
        const auto [free_size, offset] = *found;
        if (free_size > size) { // the rest keeps its nodes: there is nothing to allocate
            auto sized = by_size_.extract(found);
            auto placed = by_offset_.extract(offset);
            sized.value() = {free_size - size, offset + size};
            placed.key() = offset + size;
            placed.mapped() = free_size - size;
            by_size_.insert(std::move(sized));
            by_offset_.insert(std::move(placed));
            bytes_ -= size;
        } else {
            remove(by_offset_.find(offset));
        }
        return offset;
    }

    /// The whole of the largest range that was given back.
    std::optional<Range> take_largest() noexcept
    {
        if (by_size_.empty())
            return std::nullopt;
        const auto [size, offset] = *by_size_.rbegin();
        remove(by_offset_.find(offset));
        return Range{offset, size};
    }

    /// Throws std::bad_alloc; the range is then lost.
    void give(Offset offset, std::size_t size)
    {
        const auto after = by_offset_.lower_bound(offset);
        if (after != by_offset_.end() && offset + size == after->first)
            size += remove(after);
        const auto next = by_offset_.lower_bound(offset);
        if (next != by_offset_.begin())
            if (const auto before = std::prev(next); before->first + before->second == offset) {
                offset = before->first;
                size += remove(before);
            }
        if (offset + size == end_) {
            end_ = offset;
            return;
        }
        const auto sized = by_size_.insert({size, offset}).first;
        try {
            by_offset_.insert({offset, size});
            bytes_ += size;
        } catch (...) {
            by_size_.erase(sized);
            throw;
        }
    }

    /// Where the last taken range ends.
    Offset end() const { return end_; }
    std::size_t pieces() const { return by_offset_.size(); }
    /// That were given back, before the end.
    std::uint64_t bytes() const { return bytes_; }

  private:
    using ByOffset = std::map<Offset, std::size_t, std::less<>, HeapAllocator<std::pair<const Offset, std::size_t>>>;
    using BySize = std::set<std::pair<std::size_t, Offset>, std::less<>, HeapAllocator<std::pair<std::size_t, Offset>>>;

    std::size_t remove(ByOffset::iterator range)
    {
        const std::size_t size = range->second;
        by_size_.erase(std::pair(size, range->first));
        by_offset_.erase(range);
        bytes_ -= size;
        return size;
    }

    ByOffset by_offset_;
    BySize by_size_;
    Offset end_ = 0;
    std::uint64_t bytes_ = 0;
};

} // namespace ufomem
