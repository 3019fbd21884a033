// SPDX-License-Identifier: MIT
// Whether fills of a region are short: learnt from those that were timed.
#include "unit/unit.hpp"

#include "fill_pace.hpp"

using namespace ufomem;

namespace {

void note(FillPace &pace, int times, std::int64_t nanoseconds)
{
    for (int i = 0; i < times; ++i)
        pace.note(nanoseconds);
}

void nothing_is_short_until_it_was_seen(void **)
{
    FillPace pace;
    assert_false(pace.is_short());
    pace.note(1000);
    assert_false(pace.is_short());
    note(pace, 63, 1000);
    assert_true(pace.is_short());
}

void what_gets_longer_is_not_short(void **)
{
    FillPace pace;
    note(pace, 64, 1000);
    note(pace, 8, 100'000);
    assert_false(pace.is_short());
    note(pace, 64, 1000);
    assert_true(pace.is_short());
}

void one_slow_fill_is_forgotten(void **)
{
    FillPace pace;
    note(pace, 64, 1000);
    pace.note(10'000'000'000);
    assert_false(pace.is_short());
    note(pace, 64, 1000);
    assert_true(pace.is_short());
}

void a_clock_that_stands_still_does_no_harm(void **)
{
    FillPace pace;
    note(pace, 100, 0);
    assert_true(pace.is_short());
    note(pace, 100, -5);
    assert_true(pace.is_short());
}

void who_kept_others_waiting_has_to_earn_trust_again(void **)
{
    FillPace pace;
    note(pace, 64, 1000);
    pace.note_stuck();
    note(pace, FillPace::fills_until_trusted - 1, 1000);
    assert_false(pace.is_short());
    pace.note(1000);
    assert_true(pace.is_short());
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_short_until_it_was_seen),
        cmocka_unit_test(what_gets_longer_is_not_short),
        cmocka_unit_test(one_slow_fill_is_forgotten),
        cmocka_unit_test(a_clock_that_stands_still_does_no_harm),
        cmocka_unit_test(who_kept_others_waiting_has_to_earn_trust_again),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
