// SPDX-License-Identifier: MIT
// How the budget follows memory pressure, with figures that are fed in.
#include "unit/unit.hpp"

#include "pressure_policy.hpp"

#include <algorithm>
#include <initializer_list>
#include <vector>

using namespace ufomem;
using kernel::MemoryRoom;

namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t total = 10'000 * mib;

MemoryRoom room(std::uint64_t available_mib, double stalled = 0) { return {total, available_mib * mib, stalled}; }

struct Cache {
    PressurePolicy policy{1000 * mib, 4000 * mib};
    std::uint64_t budget = 4000 * mib;
    std::uint64_t used = 4000 * mib;

    /// Looks once; the cache is as full as it may be.
    std::uint64_t look(std::initializer_list<MemoryRoom> rooms)
    {
        const std::vector<MemoryRoom> list(rooms);
        budget = policy.next_budget(list, budget, used);
        used = std::min(used, budget);
        return budget;
    }
};

void stays_where_there_is_room(void **)
{
    Cache cache;
    for (int i = 0; i < 20; ++i)
        assert_int_equal(cache.look({room(5000)}), 4000 * mib);
}

void little_available_lowers_at_once(void **)
{
    Cache cache;
    // 5% is the limit, 10% the aim: 600 MiB are missing, and more than the eighth.
    assert_int_equal(cache.look({room(400)}), 3400 * mib);
    Cache other;
    // The eighth is more than what is missing.
    assert_int_equal(other.look({room(499)}), 4000 * mib - 501 * mib);
    assert_int_equal(other.look({room(500)}), 3499 * mib);
}

void waiting_lowers_unless_there_is_plenty(void **)
{
    Cache cache;
    assert_int_equal(cache.look({room(2600, 0.9)}), 4000 * mib);
    assert_int_equal(cache.look({room(2400, 0.09)}), 4000 * mib);
    assert_int_equal(cache.look({room(2400, 0.10)}), 3500 * mib);
}

void between_the_two_nothing_moves(void **)
{
    Cache cache;
    cache.look({room(100)});
    const std::uint64_t lowered = cache.budget;
    // More than 5 and not more than 10%; or somebody waits a little: as often as one looks.
    for (int i = 0; i < 50; ++i) {
        assert_int_equal(cache.look({room(700)}), lowered);
        assert_int_equal(cache.look({room(1000)}), lowered);
        assert_int_equal(cache.look({room(2000, 0.05)}), lowered);
    }
}

void rises_after_calm_in_a_row_only(void **)
{
    Cache cache;
    cache.look({room(100)});
    const std::uint64_t lowered = cache.budget;
    for (unsigned i = 1; i < PressurePolicy::calm_looks; ++i)
        assert_int_equal(cache.look({room(5000)}), lowered);
    assert_int_equal(cache.look({room(800)}), lowered); // no calm: counted anew
    for (unsigned i = 1; i < PressurePolicy::calm_looks; ++i)
        assert_int_equal(cache.look({room(5000)}), lowered);
    assert_int_equal(cache.look({room(5000)}), lowered + 250 * mib);
    assert_int_equal(cache.look({room(5000)}), lowered + 500 * mib);
    for (int i = 0; i < 20; ++i)
        cache.look({room(5000)});
    assert_int_equal(cache.budget, 4000 * mib);
}

void never_below_the_least_nor_above_the_most(void **)
{
    Cache cache;
    for (int i = 0; i < 50; ++i)
        assert_true(cache.look({room(0, 1.0)}) >= 1000 * mib);
    assert_int_equal(cache.budget, 1000 * mib);
    assert_int_equal(cache.look({room(0, 1.0)}), 1000 * mib);
}

void what_is_not_used_is_no_gift(void **)
{
    Cache cache;
    cache.used = 2000 * mib;
    // Of 4000 only 2000 are in use: 3400 would give nothing back.
    assert_int_equal(cache.look({room(400)}), 1400 * mib);
}

/// A batch has just left, and others will take its place: what it has left is not available.
void what_is_used_again_in_a_moment_is_not_available(void **)
{
    Cache cache;
    cache.used = 3600 * mib;
    assert_int_equal(cache.look({room(700)}), 3300 * mib); // 300 MiB remain, which is short, and 700 MiB are missing
    Cache other;
    other.used = 3000 * mib; // nobody seems to want the rest
    assert_int_equal(other.look({room(700)}), 4000 * mib);
}

void the_tightest_group_counts(void **)
{
    Cache cache;
    const MemoryRoom tight{2000 * mib, 50 * mib, 0};
    assert_int_equal(cache.look({room(9000), tight}), 3500 * mib);
    // No rise while one of them is not roomy, and none beyond half of what the tightest leaves.
    for (int i = 0; i < 20; ++i)
        assert_int_equal(cache.look({room(9000), {2000 * mib, 150 * mib, 0}}), 3500 * mib);
    for (unsigned i = 1; i < PressurePolicy::calm_looks; ++i)
        cache.look({room(9000), {2000 * mib, 400 * mib, 0}});
    assert_int_equal(cache.look({room(9000), {2000 * mib, 400 * mib, 0}}), 3600 * mib);
    // A group of others at its limit: the machine's threads wait, but memory is there.
    for (int i = 0; i < 20; ++i)
        cache.look({room(9000, 0.5)});
    assert_int_equal(cache.budget, 4000 * mib);
}

void a_range_that_moved_is_entered(void **)
{
    PressurePolicy policy(1000 * mib, 2000 * mib);
    const std::vector<MemoryRoom> rooms{room(5000)};
    assert_int_equal(policy.next_budget(rooms, 4000 * mib, 100 * mib), 2000 * mib);
    assert_int_equal(policy.next_budget(rooms, 10 * mib, 10 * mib), 1000 * mib);
}

/// A machine in which others come to use more, and then less: the budget gives way, comes to rest, and returns.
void comes_to_rest(void **)
{
    for (std::uint64_t others = 0; others <= 9000; others += 250) {
        Cache cache;
        const auto look = [&](std::uint64_t used_by_others) {
            const std::uint64_t taken = used_by_others * mib + cache.used;
            const std::uint64_t available = total - std::min(total, taken);
            const std::uint64_t before = cache.budget;
            cache.look({{total, available, available < total / 100 ? 0.5 : 0.0}});
            cache.used = cache.budget; // the clients want all they can get
            return cache.budget != before;
        };
        for (int i = 0; i < 300; ++i)
            look(others);
        int moves = 0;
        for (int i = 0; i < 300; ++i)
            moves += look(others);
        if (moves > 0 && others < 8500) // beyond that nothing that is ours to give would be enough
        {
            print_error("with %d MiB for others the budget moves %d times in 300 looks", static_cast<int>(others),
                        moves);
            assert_true(false);
        }
        if (others < 8500)
            assert_true(total - others * mib - cache.used >= total / 20);
        for (int i = 0; i < 300; ++i)
            look(0);
        assert_int_equal(cache.budget, 4000 * mib);
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(stays_where_there_is_room),
        cmocka_unit_test(little_available_lowers_at_once),
        cmocka_unit_test(waiting_lowers_unless_there_is_plenty),
        cmocka_unit_test(between_the_two_nothing_moves),
        cmocka_unit_test(rises_after_calm_in_a_row_only),
        cmocka_unit_test(never_below_the_least_nor_above_the_most),
        cmocka_unit_test(what_is_not_used_is_no_gift),
        cmocka_unit_test(what_is_used_again_in_a_moment_is_not_available),
        cmocka_unit_test(the_tightest_group_counts),
        cmocka_unit_test(a_range_that_moved_is_entered),
        cmocka_unit_test(comes_to_rest),
    };
    return RUN(tests);
}
