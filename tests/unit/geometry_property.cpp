// SPDX-License-Identifier: MIT
// Random arrays with tiny pages, checked by counting their bytes one by one.
#include "unit/unit.hpp"

#include "geometry.hpp"

#include <algorithm>

using namespace ufomem;
using unit::Random;

namespace {

Geometry::Request random_request(Random &random)
{
    Geometry::Request request;
    request.page_size = std::size_t{1} << random.between(2, 6);
    request.element_size = random.between(1, 40);
    request.count = random.between(1, 200);
    request.header_size = random.below(100);
    request.min_chunk_elements = random.between(1, 60);
    request.whole_elements = random.one_in(2);
    return request;
}

/// Runs check(geometry, request) on many random arrays, and says which one failed.
template <class Check> void for_random_arrays(Check check)
{
    Random random;
    for (std::size_t i = 0, last = unit::rounds(2000); i < last; ++i) {
        const Geometry::Request request = random_request(random);
        Result<Geometry> geometry = Geometry::make(request);
        assert_ok(geometry);
        if (check(*geometry, request, random))
            continue;
        fail_test("%zu elements of %zu bytes, header %zu, chunk %zu elements, whole %d, page %zu\n", request.count,
                  request.element_size, request.header_size, request.min_chunk_elements, request.whole_elements,
                  request.page_size);
    }
}

/// The chunk that a byte lies in, by looking at all of them.
std::size_t chunk_of(const Geometry &geometry, std::size_t byte)
{
    for (std::size_t i = 0; i < geometry.chunk_count(); ++i)
        if (const ByteRange data = geometry.data_of(ChunkIndex{i}); byte >= data.offset && byte < data.end())
            return i;
    return SIZE_MAX;
}

void chunks_tile_the_array(void **)
{
    for_random_arrays([](const Geometry &geometry, const Geometry::Request &request, Random &) {
        std::size_t data = 0;
        std::size_t pages = 0;
        bool fits = geometry.body_bytes() == request.count * request.element_size;
        for (std::size_t i = 0; i < geometry.chunk_count(); ++i) {
            fits = fits && geometry.data_of(ChunkIndex{i}).offset == data && geometry.pages_of({i}).offset == pages;
            fits = fits && geometry.data_of(ChunkIndex{i}).length != 0 && geometry.pages_of({i}).length % request.page_size == 0;
            data += geometry.data_of(ChunkIndex{i}).length;
            pages += geometry.pages_of({i}).length;
        }
        return fits && data == geometry.body_bytes() && pages == geometry.mapped_body_bytes()
               && pages - data < request.page_size;
    });
}

void a_chunk_is_as_large_as_asked_and_not_much_larger(void **)
{
    for_random_arrays([](const Geometry &geometry, const Geometry::Request &request, Random &) {
        const std::size_t wanted = std::min(request.min_chunk_elements, request.count) * request.element_size;
        const std::size_t most = wanted + (request.whole_elements ? request.element_size : 1) * request.page_size;
        return geometry.chunk_bytes() % request.page_size == 0 && geometry.chunk_bytes() >= wanted
               && geometry.chunk_bytes() < most;
    });
}

void straddling_is_what_counting_finds(void **)
{
    for_random_arrays([](const Geometry &geometry, const Geometry::Request &request, Random &) {
        bool found = false;
        for (std::size_t i = 0; i < request.count; ++i) {
            const ByteRange bytes = geometry.bytes_of({i, 1});
            found = found || chunk_of(geometry, bytes.offset) != chunk_of(geometry, bytes.end() - 1);
        }
        // All of these elements are small enough to be kept whole.
        return found == geometry.straddles() && !(found && request.whole_elements);
    });
}

void ranges_meet_what_counting_finds(void **)
{
    for_random_arrays([](const Geometry &geometry, const Geometry::Request &request, Random &random) {
        ByteRange bytes;
        bytes.offset = random.below(geometry.body_bytes());
        bytes.length = random.between(1, geometry.body_bytes() - bytes.offset);
        const ChunkRange chunks = geometry.chunks_meeting(bytes);
        const ElementRange elements = geometry.elements_meeting(bytes);
        const std::size_t last = bytes.end() - 1;
        return chunks.first.value == chunk_of(geometry, bytes.offset)
               && chunks.end().value == chunk_of(geometry, last) + 1
               && geometry.chunk_at(bytes.offset).value == chunks.first.value
               && elements.first == bytes.offset / request.element_size
               && elements.first + elements.count == last / request.element_size + 1;
    });
}

void sizes_that_do_not_fit_are_refused_and_no_others(void **)
{
    constexpr unsigned __int128 space = static_cast<unsigned __int128>(1) << 47;
    Random random;
    for (std::size_t i = 0, last = unit::rounds(100000); i < last; ++i) {
        Geometry::Request request;
        request.count = (random.next() | 1) >> random.below(64);
        request.element_size = (random.next() | 1) >> random.below(64);
        request.header_size = random.next() >> random.between(8, 63);
        request.min_chunk_elements = random.next() >> random.below(64);
        request.whole_elements = random.one_in(2);
        if (request.count == 0 || request.element_size == 0)
            continue;
        const auto up = [&](unsigned __int128 bytes) {
            return (bytes + request.page_size - 1) / request.page_size * request.page_size;
        };
        const unsigned __int128 body = static_cast<unsigned __int128>(request.count) * request.element_size;
        const bool fits = up(body) + up(request.header_size) <= space;
        Result<Geometry> geometry = Geometry::make(request);
        assert_int_equal(geometry.status().code, fits ? Code::ok : Code::overflow);
        if (!fits)
            continue;
        assert_true(geometry->mapped_bytes() == up(body) + up(request.header_size));
        assert_true(geometry->chunk_bytes() <= geometry->mapped_body_bytes());
        assert_true(geometry->chunk_bytes() % request.page_size == 0);
        assert_true(geometry->data_of(ChunkIndex{geometry->chunk_count() - 1}).end() == geometry->body_bytes());
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(chunks_tile_the_array),
        cmocka_unit_test(a_chunk_is_as_large_as_asked_and_not_much_larger),
        cmocka_unit_test(straddling_is_what_counting_finds),
        cmocka_unit_test(ranges_meet_what_counting_finds),
        cmocka_unit_test(sizes_that_do_not_fit_are_refused_and_no_others),
    };
    return RUN(tests);
}
