// SPDX-License-Identifier: MIT
// Which misses make a run, and what is asked for ahead of it.
#include "unit/unit.hpp"

#include "readahead.hpp"

#include <set>

using namespace ufomem;

namespace {

constexpr pid_t ann = 1;
constexpr pid_t bob = 2;
constexpr Readahead::Limits limits{.chunks = 100'000, .most_window = 256, .extent = 32};

/// A reader that misses every chunk which is neither there nor asked for ahead.
struct Walk {
    Readahead readahead;
    std::set<std::size_t> present;
    std::size_t misses = 0;
    std::size_t asked = 0;

    void visit(pid_t thread, std::size_t chunk)
    {
        if (!present.insert(chunk).second)
            return;
        ++misses;
        const Readahead::Plan plan = readahead.note(thread, chunk, limits);
        for (std::size_t i = 0; i < plan.count; ++i) {
            const std::size_t ahead = plan.first + i * static_cast<std::size_t>(plan.step);
            assert_true(ahead < limits.chunks);
            present.insert(ahead);
        }
        asked += plan.count;
    }
};

void neighbours_are_a_run_from_the_third_on(void **)
{
    Readahead readahead;
    assert_int_equal(readahead.note(ann, 10, limits).count, 0);
    assert_int_equal(readahead.note(ann, 11, limits).count, 0); // may be chance
    const Readahead::Plan plan = readahead.note(ann, 12, limits);
    assert_int_equal(plan.step, 1);
    assert_int_equal(plan.first, 13);
    assert_int_equal(plan.count, 1);
    assert_false(plan.sequential); // small at first
}

void whole_extents_come_when_the_window_holds_one(void **)
{
    Readahead readahead;
    std::size_t chunk = 0;
    Readahead::Plan plan = readahead.note(ann, chunk, limits);
    for (int misses = 1; !plan.sequential; ++misses) {
        assert_true(misses < 8);
        chunk += plan.count + 1;
        plan = readahead.note(ann, chunk, limits);
    }
    assert_true(plan.count >= limits.extent);
}

void an_order_that_is_known_needs_no_proof(void **)
{
    Readahead::Limits known = limits;
    known.ascending = true;
    Readahead readahead;
    const Readahead::Plan plan = readahead.note(ann, 10, known);
    assert_true(plan.sequential);
    assert_int_equal(plan.first, 11);
    assert_int_equal(plan.count, known.most_window);
    // The next miss, at the end of it, goes on.
    const Readahead::Plan next = readahead.note(ann, plan.first + plan.count, known);
    assert_true(next.sequential);
    assert_int_equal(next.step, 1);
}

void what_was_asked_for_is_wanted_until_it_is_passed(void **)
{
    Readahead readahead;
    std::size_t chunk = 100;
    Readahead::Plan plan = readahead.note(ann, chunk, limits);
    while (!plan.sequential)
        plan = readahead.note(ann, ++chunk, limits);
    assert_true(readahead.is_ahead(plan.first) && readahead.is_ahead(plan.first + plan.count - 1));
    assert_false(readahead.is_ahead(chunk));
    assert_false(readahead.is_ahead(plan.first + plan.count));
    const std::size_t asked_first = plan.first;
    (void)readahead.note(ann, plan.first + plan.count, limits);
    assert_false(readahead.is_ahead(asked_first)); // too late
}

void around_a_walk_chunks_are_in_use(void **)
{
    Readahead readahead;
    std::size_t chunk = 500;
    Readahead::Plan plan = readahead.note(ann, chunk, limits);
    while (!plan.sequential)
        plan = readahead.note(ann, ++chunk, limits);
    assert_true(readahead.in_use(chunk, 1, limits));
    assert_true(readahead.in_use(plan.first + plan.count - 1, 1, limits));
    assert_true(readahead.in_use(chunk - 1, 1, limits)); // who goes on looks back a little
    assert_false(readahead.in_use(chunk - 3 * limits.extent, limits.extent, limits));
    assert_false(readahead.in_use(plan.first + plan.count + 3 * limits.extent, 1, limits));
}

void random_misses_ask_for_little(void **)
{
    unit::Random random;
    Walk walk;
    const std::size_t accesses = unit::rounds(20'000);
    for (std::size_t i = 0; i < accesses; ++i)
        walk.visit(ann, random.below(limits.chunks));
    assert_true(walk.asked < accesses / 100);
}

void stores_in_a_row_make_the_coming_ones_expected(void **)
{
    Readahead readahead;
    std::size_t next = 0; // chunk that is not there yet
    std::size_t noticed = 0;
    std::size_t expected_from = limits.chunks; // chunks from here on came with stores expected
    const auto is_noticed = [&](std::size_t chunk) { return chunk < expected_from; };
    for (std::size_t chunk = 0; chunk < 2000; ++chunk) {
        if (chunk >= next) {
            const Readahead::Plan plan = readahead.note(ann, chunk, limits);
            next = plan.count != 0 ? plan.first + plan.count : chunk + 1;
            if (plan.stores)
                expected_from = std::min(expected_from, chunk);
        }
        if (is_noticed(chunk)) {
            ++noticed;
            readahead.note_store(ann, chunk, limits);
        }
    }
    assert_true(noticed < 300);
}

void expected_stores_have_to_be_seen_again(void **)
{
    Readahead readahead;
    std::size_t next = 0;
    bool expected = false;
    std::size_t chunk = 0;
    for (; !expected; ++chunk) { // stores until they are expected ...
        assert_true(chunk < 1000);
        if (chunk >= next) {
            const Readahead::Plan plan = readahead.note(ann, chunk, limits);
            next = plan.count != 0 ? plan.first + plan.count : chunk + 1;
            expected = plan.stores;
        }
        readahead.note_store(ann, chunk, limits);
    }
    for (const std::size_t end = chunk + 100 * limits.extent; chunk < end && expected; ++chunk) // ... and none from then on
        if (chunk >= next) {
            const Readahead::Plan plan = readahead.note(ann, chunk, limits);
            next = plan.first + plan.count;
            expected = plan.stores;
        }
    assert_false(expected);
}

void a_scan_misses_rarely(void **)
{
    Walk walk;
    for (std::size_t chunk = 0; chunk < limits.chunks; ++chunk)
        walk.visit(ann, chunk);
    assert_true(walk.misses < limits.chunks / limits.most_window + 20);
}

void backward_too(void **)
{
    Walk walk;
    for (std::size_t chunk = limits.chunks; chunk-- > 0;)
        walk.visit(ann, chunk);
    assert_true(walk.misses < limits.chunks / limits.most_window + 20);
}

void with_strides(void **)
{
    for (const std::size_t stride : {3, 100, 257}) {
        Walk walk;
        std::size_t visits = 0;
        for (std::size_t chunk = 5; chunk < limits.chunks; chunk += stride, ++visits)
            walk.visit(ann, chunk);
        assert_true(walk.misses < visits / 4 + 10);
        assert_true(walk.asked <= visits + limits.most_window);
    }
}

/// Most of the first chunks are there from before, so that the misses look like a stride.
void a_walk_that_begins_with_gaps_is_a_walk(std::ptrdiff_t direction)
{
    for (std::size_t step = 2; step <= 4; ++step) {
        Walk walk;
        const auto chunk = [&](std::size_t i) { return direction > 0 ? limits.chunks / 2 + i : limits.chunks / 2 - i; };
        for (std::size_t i = 1; i <= 40; ++i)
            if (i % step != 0)
                walk.present.insert(chunk(i));
        for (std::size_t i = 1; i <= 4000; ++i)
            walk.visit(ann, chunk(i));
        assert_in_range(walk.misses, 1, 60);
    }
}

void gaps_ahead(void **) { a_walk_that_begins_with_gaps_is_a_walk(1); }
void gaps_behind(void **) { a_walk_that_begins_with_gaps_is_a_walk(-1); }

/// Two chunks of every many are no walk.
void pairs_with_a_wide_stride_are_not_closed_up(void **)
{
    Walk walk;
    for (std::size_t at = 0; at < 60'000; at += 60) {
        walk.visit(ann, at);
        walk.visit(ann, at + 1);
    }
    assert_in_range(walk.asked + walk.misses, 1, 3 * 2000);
}

/// In a huge array; what UBSan has to say about it counts, too.
void strides_as_wide_as_the_array(void **)
{
    constexpr std::size_t stride = std::size_t{1} << 32;
    Readahead::Limits huge = limits;
    huge.chunks = 20 * stride;
    Readahead forward, backward;
    std::size_t asked = 0;
    for (std::size_t i = 0; i < 20; ++i) {
        const Readahead::Plan ahead = forward.note(ann, i * stride, huge);
        assert_true(ahead.count == 0 || ahead.first + (ahead.count - 1) * stride < huge.chunks);
        const Readahead::Plan behind = backward.note(ann, huge.chunks - 1 - i * stride, huge);
        assert_true(behind.count == 0 || behind.first >= (behind.count - 1) * stride);
        (void)forward.is_ahead(i * stride + 1);
        asked += ahead.count != 0 && behind.count != 0;
    }
    assert_true(asked > 0);
}

void two_arrays_at_once(void **)
{
    Walk walk;
    for (std::size_t chunk = 0; chunk < 40'000; ++chunk) {
        walk.visit(ann, chunk);
        walk.visit(ann, 50'000 + chunk);
    }
    assert_true(walk.misses < 80'000 / limits.most_window + 60);
}

void threads_do_not_disturb_each_other(void **)
{
    Walk walk;
    for (std::size_t chunk = 0; chunk < 40'000; ++chunk) {
        walk.visit(ann, chunk);
        walk.visit(bob, 99'999 - chunk);
    }
    assert_true(walk.misses < 80'000 / limits.most_window + 60);
}

void random_misses_ask_for_next_to_nothing(void **)
{
    Walk walk;
    unit::Random random(1);
    for (int i = 0; i < 2000; ++i)
        walk.visit(ann, random.below(limits.chunks));
    assert_true(walk.asked < walk.misses / 20);
}

void the_window_is_limited(void **)
{
    Readahead readahead;
    Readahead::Limits small = limits;
    small.most_window = 8;
    std::size_t until = 0;
    for (std::size_t chunk = 0; chunk < 1000; ++chunk) {
        const Readahead::Plan plan = readahead.note(ann, chunk, small);
        if (plan.count != 0)
            until = plan.first + plan.count;
        assert_true(until <= chunk + 1 + small.most_window);
    }
    small.most_window = 0;
    Readahead off;
    for (std::size_t chunk = 0; chunk < 100; ++chunk)
        assert_int_equal(off.note(ann, chunk, small).count, 0);
}

void nothing_beyond_the_ends(void **)
{
    Readahead readahead;
    Readahead::Limits small = limits;
    small.chunks = 40;
    for (std::size_t chunk = 0; chunk < small.chunks; ++chunk) {
        const Readahead::Plan plan = readahead.note(ann, chunk, small);
        assert_true(plan.count == 0 || plan.first + plan.count <= small.chunks);
    }
    for (std::size_t chunk = small.chunks; chunk-- > 0;) {
        const Readahead::Plan plan = readahead.note(bob, chunk, small);
        assert_true(plan.count == 0 || (plan.step < 0 && plan.count <= plan.first + 1));
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_are_a_run_from_the_third_on),
        cmocka_unit_test(whole_extents_come_when_the_window_holds_one),
        cmocka_unit_test(an_order_that_is_known_needs_no_proof),
        cmocka_unit_test(what_was_asked_for_is_wanted_until_it_is_passed),
        cmocka_unit_test(around_a_walk_chunks_are_in_use),
        cmocka_unit_test(random_misses_ask_for_little),
        cmocka_unit_test(stores_in_a_row_make_the_coming_ones_expected),
        cmocka_unit_test(expected_stores_have_to_be_seen_again),
        cmocka_unit_test(a_scan_misses_rarely),
        cmocka_unit_test(backward_too),
        cmocka_unit_test(with_strides),
        cmocka_unit_test(gaps_ahead),
        cmocka_unit_test(gaps_behind),
        cmocka_unit_test(pairs_with_a_wide_stride_are_not_closed_up),
        cmocka_unit_test(strides_as_wide_as_the_array),
        cmocka_unit_test(two_arrays_at_once),
        cmocka_unit_test(threads_do_not_disturb_each_other),
        cmocka_unit_test(random_misses_ask_for_next_to_nothing),
        cmocka_unit_test(the_window_is_limited),
        cmocka_unit_test(nothing_beyond_the_ends),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
