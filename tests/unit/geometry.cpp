// SPDX-License-Identifier: MIT
// Where elements, chunks and bytes lie.  geometry_property.cpp checks the same against counting one by one.
#include "unit/unit.hpp"

#include "geometry.hpp"

using namespace ufomem;

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

Geometry make(const Geometry::Request &request)
{
    Result<Geometry> made = Geometry::make(request);
    assert_ok(made);
    return *made;
}

Geometry of_bytes(std::size_t count, std::size_t min_chunk)
{
    return make({.count = count, .element_size = 1, .min_chunk_elements = min_chunk});
}

std::size_t chunk_bytes(std::size_t element_size, std::size_t min_chunk_elements, bool whole_elements)
{
    return make({.count = 100 * mib / element_size,
                 .element_size = element_size,
                 .min_chunk_elements = min_chunk_elements,
                 .whole_elements = whole_elements})
        .chunk_bytes();
}

void assert_bytes(ByteRange range, std::size_t offset, std::size_t length)
{
    assert_int_equal(range.offset, offset);
    assert_int_equal(range.length, length);
}

void assert_chunks(ChunkRange range, std::size_t first, std::size_t count)
{
    assert_int_equal(range.first.value, first);
    assert_int_equal(range.count, count);
}

void assert_elements(ElementRange range, std::size_t first, std::size_t count)
{
    assert_int_equal(range.first, first);
    assert_int_equal(range.count, count);
}

void chunks_are_64_KiB_unless_asked_otherwise(void **)
{
    assert_int_equal(chunk_bytes(1, 0, false), 64 * kib);
    assert_int_equal(chunk_bytes(8, 0, true), 64 * kib);
    // Pages may be as large.
    assert_int_equal(make({.count = mib, .element_size = 1, .page_size = 64 * kib}).chunk_bytes(), 64 * kib);
}

void an_array_smaller_than_a_chunk_is_one_chunk(void **)
{
    const Geometry geometry = make({.count = 10, .element_size = 8});
    assert_int_equal(geometry.chunk_count(), 1);
    assert_int_equal(geometry.chunk_bytes(), page);
    assert_int_equal(of_bytes(3 * page + 1, 0).chunk_bytes(), 4 * page);
}

void chunks_are_whole_pages(void **)
{
    assert_int_equal(chunk_bytes(8, 1, false), page);
    assert_int_equal(chunk_bytes(8, page / 8, false), page);
    assert_int_equal(chunk_bytes(8, page / 8 + 1, false), 2 * page);
}

void callbacks_get_whole_elements_while_that_stays_moderate(void **)
{
    // 3 pages are the least that 24-byte elements fill.
    assert_int_equal(chunk_bytes(24, 1, true), 3 * page);
    assert_int_equal(chunk_bytes(24, 3 * page / 24 + 1, true), 6 * page);
    assert_int_equal(chunk_bytes(24, 0, true), 18 * page); // the first multiple of 3 beyond 64 KiB
    // 5000-byte elements fill 625 pages, far more than was asked for: they straddle chunks.
    const Geometry::Request large{
        .count = 10000, .element_size = 5000, .min_chunk_elements = 1, .whole_elements = true};
    assert_int_equal(make(large).chunk_bytes(), 2 * page);
    assert_true(make(large).straddles());
    // Unless chunks of that size were asked for anyway.
    Geometry::Request larger = large;
    larger.min_chunk_elements = 600;
    assert_int_equal(make(larger).chunk_bytes(), 1250 * page);
    assert_false(make(larger).straddles());
}

void files_do_not_care_where_elements_end(void **)
{
    assert_int_equal(chunk_bytes(24, 1, false), page);
    assert_true(make({.count = 1000, .element_size = 24, .min_chunk_elements = 1}).straddles());
    // In a single chunk there is nothing to straddle.
    assert_false(make({.count = 3, .element_size = 24, .min_chunk_elements = 1}).straddles());
}

void a_chunk_holds_at_least_one_element(void **)
{
    const Geometry geometry = make({.count = 100, .element_size = mib + 1});
    assert_true(geometry.chunk_bytes() >= mib + 1);
    assert_int_equal(geometry.chunk_bytes() % page, 0);
}

void asking_for_more_than_there_is_gives_one_chunk(void **)
{
    const Geometry geometry = make({.count = 1000, .element_size = 8, .min_chunk_elements = SIZE_MAX});
    assert_int_equal(geometry.chunk_count(), 1);
    assert_int_equal(geometry.chunk_bytes(), 2 * page);
}

void the_last_chunk_ends_with_the_array_and_its_page(void **)
{
    const Geometry geometry = of_bytes(10 * page + 100, 4 * page);
    assert_int_equal(geometry.chunk_count(), 3);
    assert_bytes(geometry.data_of(ChunkIndex{1}), 4 * page, 4 * page);
    assert_bytes(geometry.pages_of({1}), 4 * page, 4 * page);
    assert_bytes(geometry.data_of(ChunkIndex{2}), 8 * page, 2 * page + 100);
    assert_bytes(geometry.pages_of({2}), 8 * page, 3 * page);
    assert_int_equal(geometry.mapped_body_bytes(), 11 * page);
}

void extents_are_whole_and_aligned(void **)
{
    constexpr std::size_t chunk = 64 * 1024;
    const Geometry geometry = of_bytes(100 * chunk + 1, chunk);
    assert_int_equal(geometry.extent_chunks(), 32);
    assert_int_equal(geometry.extent_of({33}).first.value, 32);
    assert_int_equal(geometry.extent_of({33}).count, 32);
    assert_bytes(geometry.pages_of_extent(geometry.extent_of({95})), 64 * chunk, 32 * chunk);
    assert_int_equal(geometry.extent_of({96}).count, 0); // its end is not there
    assert_int_equal(of_bytes(100 * mib, 3 * page).extent_chunks(), 2 * mib / (3 * page)); // as many as fit
    assert_int_equal(of_bytes(100 * mib, 2 * mib).extent_of({0}).count, 0);                // large chunks come alone
}

void the_header_takes_whole_pages_before_the_body(void **)
{
    const Geometry geometry = make({.count = page, .element_size = 1, .header_size = 10});
    assert_int_equal(geometry.header_size(), 10);
    assert_int_equal(geometry.header_bytes(), page);
    assert_int_equal(geometry.mapped_bytes(), 2 * page);
    assert_int_equal(make({.count = 1, .element_size = 1}).header_bytes(), 0);
}

void a_range_meets_every_chunk_that_it_touches(void **)
{
    const Geometry geometry = of_bytes(10 * page, page);
    assert_chunks(geometry.chunks_meeting({0, 1}), 0, 1);
    assert_chunks(geometry.chunks_meeting({page - 1, 2}), 0, 2);
    assert_chunks(geometry.chunks_meeting({page, page}), 1, 1);
    assert_chunks(geometry.chunks_meeting({0, 10 * page}), 0, 10);
    // Nothing meets nothing, at the very end too.
    assert_int_equal(geometry.chunks_meeting({5, 0}).count, 0);
    assert_int_equal(geometry.chunks_meeting({10 * page, 0}).count, 0);
}

void bytes_meet_elements_that_they_hold_in_part(void **)
{
    const Geometry geometry = make({.count = 1000, .element_size = 24});
    assert_elements(geometry.elements_meeting({0, 24}), 0, 1);
    assert_elements(geometry.elements_meeting({23, 2}), 0, 2);
    assert_elements(geometry.elements_meeting({0, page}), 0, 171); // 170 and two thirds
    assert_elements(geometry.elements_meeting({page, page}), 170, 172);
}

void a_range_is_inside_or_it_is_not(void **)
{
    const Geometry geometry = of_bytes(100, 0);
    assert_true(geometry.contains({0, 100}));
    assert_true(geometry.contains({100, 0}));
    assert_false(geometry.contains({101, 0}));
    assert_false(geometry.contains({1, 100}));
    assert_false(geometry.contains({99, SIZE_MAX})); // the sum would wrap around
    assert_false(geometry.contains({SIZE_MAX, 1}));
}

void nothing_is_no_array(void **)
{
    assert_fails(Geometry::make({.count = 0, .element_size = 8}), Code::invalid);
    assert_error_names("ufo_config_set_elements");
    assert_fails(Geometry::make({.count = 8, .element_size = 0}), Code::invalid);
    assert_error_names("ufo_config_set_elements");
}

void what_does_not_fit_the_address_space_is_refused(void **)
{
    constexpr std::size_t space = std::size_t{1} << 47;
    assert_ok(Geometry::make({.count = space, .element_size = 1}));
    assert_ok(Geometry::make({.count = 1, .element_size = space}));
    assert_fails(Geometry::make({.count = space + 1, .element_size = 1}), Code::overflow);
    assert_fails(Geometry::make({.count = SIZE_MAX, .element_size = SIZE_MAX}), Code::overflow);
    assert_fails(Geometry::make({.count = space, .element_size = std::size_t{1} << 17}),
                 Code::overflow); // 0 after wrapping around
    assert_fails(Geometry::make({.count = SIZE_MAX / 2 + 2, .element_size = 2}),
                 Code::overflow); // 2 after wrapping around
    assert_fails(Geometry::make({.count = 1, .element_size = 1, .header_size = SIZE_MAX}), Code::overflow);
    assert_fails(Geometry::make({.count = space - page, .element_size = 1, .header_size = page + 1}), Code::overflow);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_64_KiB_unless_asked_otherwise),
        cmocka_unit_test(an_array_smaller_than_a_chunk_is_one_chunk),
        cmocka_unit_test(chunks_are_whole_pages),
        cmocka_unit_test(callbacks_get_whole_elements_while_that_stays_moderate),
        cmocka_unit_test(files_do_not_care_where_elements_end),
        cmocka_unit_test(a_chunk_holds_at_least_one_element),
        cmocka_unit_test(asking_for_more_than_there_is_gives_one_chunk),
        cmocka_unit_test(the_last_chunk_ends_with_the_array_and_its_page),
        cmocka_unit_test(extents_are_whole_and_aligned),
        cmocka_unit_test(the_header_takes_whole_pages_before_the_body),
        cmocka_unit_test(a_range_meets_every_chunk_that_it_touches),
        cmocka_unit_test(bytes_meet_elements_that_they_hold_in_part),
        cmocka_unit_test(a_range_is_inside_or_it_is_not),
        cmocka_unit_test(nothing_is_no_array),
        cmocka_unit_test(what_does_not_fit_the_address_space_is_refused),
    };
    return RUN(tests);
}
