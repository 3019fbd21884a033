// SPDX-License-Identifier: MIT
#include "geometry.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace ufomem {

Result<Geometry> Geometry::make(const Request &request)
{
    if (request.count == 0)
        return fail(Code::invalid, "the region has no elements; call ufo_config_set_elements with a count of at least 1");
    if (request.element_size == 0)
        return fail(Code::invalid, "the element size is 0; call ufo_config_set_elements with a size of at least 1 byte");
    if (request.count > address_space / request.element_size)
        return fail(Code::overflow, "%zu elements of %zu bytes do not fit the address space of 2^47 bytes", request.count, request.element_size);
    if (request.header_size > address_space)
        return fail(Code::overflow, "a header of %zu bytes does not fit the address space", request.header_size);

    const std::size_t page = request.page_size;
    Geometry geometry;
    geometry.count_ = request.count;
    geometry.element_size_ = request.element_size;
    geometry.header_size_ = request.header_size;
    geometry.header_bytes_ = round_up(request.header_size, page);
    geometry.mapped_body_bytes_ = round_up(geometry.body_bytes(), page);
    if (geometry.mapped_bytes() > address_space)
        return fail(Code::overflow, "header and elements together, %zu bytes, do not fit the address space", geometry.mapped_bytes());

    std::size_t wanted = default_chunk_bytes;
    if (request.min_chunk_elements != 0)
        wanted = std::min(request.min_chunk_elements, request.count) * request.element_size;
    else
        wanted = std::max(wanted, request.element_size); // ufo_chunk() is at least 1
    // Both factors fit 47 bits only together with the limit checked first.
    const std::size_t pages_per_unit = request.element_size / std::gcd(request.element_size, page);
    std::size_t unit = page;
    if (request.whole_elements && pages_per_unit <= std::max(whole_elements_limit, wanted) / page)
        unit = pages_per_unit * page;
    geometry.chunk_bytes_ = std::min(round_up(wanted, unit), geometry.mapped_body_bytes_);
    geometry.chunk_shift_ = std::has_single_bit(geometry.chunk_bytes_) ? static_cast<unsigned>(std::countr_zero(geometry.chunk_bytes_)) : 0;
    geometry.chunk_count_ = (geometry.body_bytes() + geometry.chunk_bytes_ - 1) / geometry.chunk_bytes_;
    geometry.straddles_ = geometry.chunk_count_ > 1 && geometry.chunk_bytes_ % request.element_size != 0;
    return geometry;
}

ByteRange Geometry::data_of(ChunkRange chunks) const
{
    const std::size_t offset = chunks.first.value * chunk_bytes_;
    return {offset, std::min(chunks.count * chunk_bytes_, body_bytes() - offset)};
}

ByteRange Geometry::pages_of(ChunkIndex chunk) const
{
    const std::size_t offset = chunk.value * chunk_bytes_;
    return {offset, std::min(chunk_bytes_, mapped_body_bytes_ - offset)};
}

ChunkRange Geometry::extent_of(ChunkIndex chunk) const
{
    const std::size_t chunks = extent_chunks();
    const std::size_t first = chunk.value / chunks * chunks;
    // Whole chunks only: the last one may be shorter.
    const bool whole = chunks > 1 && (first + chunks) * chunk_bytes_ <= body_bytes();
    return {ChunkIndex{first}, whole ? chunks : 0};
}

ElementRange Geometry::elements_meeting(ByteRange bytes) const
{
    const std::size_t first = bytes.offset / element_size_;
    const std::size_t end = (bytes.end() + element_size_ - 1) / element_size_;
    return {first, end - first};
}

} // namespace ufomem
