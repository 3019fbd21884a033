// SPDX-License-Identifier: MIT
// Counts that must not be mixed up: elements, bytes and chunks each have a type of their own.  Geometry converts between them.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace ufomem {

struct ChunkIndex {
    std::size_t value = 0;
    auto operator<=>(const ChunkIndex &) const = default;
    ChunkIndex &operator++()
    {
        ++value;
        return *this;
    }
    ChunkIndex operator+(std::size_t chunks) const { return {value + chunks}; }
};

/// Chunks [first, first + count).
struct ChunkRange {
    ChunkIndex first;
    std::size_t count = 0;
    ChunkIndex end() const { return first + count; }
};

/// Elements [first, first + count).
struct ElementRange {
    std::size_t first = 0;
    std::size_t count = 0;
};

/// Bytes [offset, offset + length) of a region's body.
struct ByteRange {
    std::size_t offset = 0;
    std::size_t length = 0;
    std::size_t end() const { return offset + length; }
    friend bool operator==(const ByteRange &, const ByteRange &) = default;
};

enum class Access : std::uint8_t { read, write };

constexpr std::size_t round_up(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

} // namespace ufomem
