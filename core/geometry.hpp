// SPDX-License-Identifier: MIT
// Where elements, chunks and bytes of a region lie.  Pure arithmetic; every size is checked for overflow once, here.
#pragma once

#include "status.hpp"
#include "units.hpp"

#include <cstddef>

namespace ufomem {

class Geometry {
  public:
    struct Request {
        std::size_t count = 0;
        std::size_t element_size = 0;
        std::size_t header_size = 0;
        std::size_t min_chunk_elements = 0; ///< 0: the default chunk
        bool whole_elements = false;        ///< chunks end between elements, where that stays moderate
        std::size_t page_size = 4096;
    };

    static Result<Geometry> make(const Request &request);

    /// User space ends here on both processors that we support, unless asked otherwise.
    static constexpr std::size_t address_space = std::size_t{1} << 47;

    static constexpr std::size_t extent_bytes = 2 * 1024 * 1024;
    static constexpr std::size_t default_chunk_bytes = 64 * 1024;
    /// A chunk of whole pages and whole elements may grow up to this; beyond, elements straddle chunks.
    static constexpr std::size_t whole_elements_limit = 256 * 1024;

    std::size_t count() const { return count_; }
    std::size_t element_size() const { return element_size_; }
    std::size_t body_bytes() const { return count_ * element_size_; }
    std::size_t header_size() const { return header_size_; }
    std::size_t chunk_bytes() const { return chunk_bytes_; }
    /// 0 if the size of a chunk is no power of two.
    unsigned chunk_shift() const { return chunk_shift_; }
    std::size_t chunk_count() const { return chunk_count_; }
    /// Whether some elements lie in two chunks.
    bool straddles() const { return straddles_; }

    // Sizes of the mapping: [header pages][body pages].
    std::size_t header_bytes() const { return header_bytes_; }
    std::size_t mapped_body_bytes() const { return mapped_body_bytes_; }
    std::size_t mapped_bytes() const { return header_bytes_ + mapped_body_bytes_; }

    bool contains(ElementRange range) const { return range.first <= count_ && range.count <= count_ - range.first; }
    ByteRange bytes_of(ElementRange range) const { return {range.first * element_size_, range.count * element_size_}; }
    ChunkIndex chunk_at(std::size_t offset) const { return {chunk_shift_ != 0 ? offset >> chunk_shift_ : offset / chunk_bytes_}; }
    /// Every chunk that the bytes meet.
    ChunkRange chunks_meeting(ByteRange bytes) const
    {
        const ChunkIndex first = chunk_at(bytes.offset);
        return {first, bytes.length == 0 ? 0 : chunk_at(bytes.end() - 1).value - first.value + 1};
    }
    /// The data of a chunk: ends at the array's end.
    ByteRange data_of(ChunkIndex chunk) const { return data_of(ChunkRange{chunk, 1}); }
    ByteRange data_of(ChunkRange chunks) const;
    /// The pages of a chunk: whole ones, at most one of them in part behind the array's end.
    ByteRange pages_of(ChunkIndex chunk) const;
    /// How many chunks may come and go together; 1 if chunks are large.
    std::size_t extent_chunks() const { return chunk_bytes_ <= extent_bytes / 2 ? extent_bytes / chunk_bytes_ : 1; }
    /// The extent that a chunk lies in.  None, a count of 0, if chunks come alone here: at the array's end, or if they are large.
    ChunkRange extent_of(ChunkIndex chunk) const;
    /// Whether the array is long enough for one.
    bool has_extents() const { return extent_chunks() > 1 && body_bytes() >= extent_chunks() * chunk_bytes_; }
    ByteRange pages_of_extent(ChunkRange chunks) const { return {chunks.first.value * chunk_bytes_, chunks.count * chunk_bytes_}; }

    /// Every element that the bytes meet.
    ElementRange elements_meeting(ByteRange bytes) const;

  private:
    std::size_t count_ = 0;
    std::size_t element_size_ = 0;
    std::size_t header_size_ = 0;
    std::size_t header_bytes_ = 0;
    std::size_t mapped_body_bytes_ = 0;
    std::size_t chunk_bytes_ = 0;
    unsigned chunk_shift_ = 0; // 0: not a power of two; a division takes longer than the rest of a call on one element
    std::size_t chunk_count_ = 0;
    bool straddles_ = false;
};

} // namespace ufomem
