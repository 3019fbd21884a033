// SPDX-License-Identifier: MIT
// How much memory may be in use: a charge fits, or it is refused and changes nothing.
#include "unit/unit.hpp"

#include "budget.hpp"

using namespace ufomem;
using unit::Random;

namespace {

void a_charge_fits_or_is_refused(void **)
{
    Budget budget(100, 50, 100);
    assert_true(budget.try_charge(60, budget.bytes()));
    assert_false(budget.try_charge(41, budget.bytes()));
    assert_int_equal(budget.used(), 60);
    assert_true(budget.try_charge(40, budget.bytes()));
    assert_int_equal(budget.used(), 100);
    assert_false(budget.try_charge(1, budget.bytes()));
    budget.discharge(1);
    assert_true(budget.try_charge(1, budget.bytes()));
}

void the_limit_of_a_charge_may_be_tighter_than_the_budget(void **)
{
    Budget budget(100, 50, 80);
    assert_true(budget.try_charge(80, budget.high()));
    assert_false(budget.try_charge(1, budget.high()));
    assert_true(budget.try_charge(20, budget.bytes()));
}

void what_is_small_leaves_room_for_tables(void **)
{
    const Budget usual(100'000, 88, 100);
    assert_int_equal(usual.limit_for(0), 96'438);
    assert_int_equal(usual.limit_for(6'250), 96'438);
    assert_int_equal(usual.limit_for(6'251), 100'000);
    const Budget large(100'000'000, 88, 100); // stacks and code take no more for that
    assert_int_equal(large.limit_for(0), 98'000'000 - 1024 * 1024);
    const Budget narrow(100'000, 99, 100); // never below the low watermark
    assert_int_equal(narrow.limit_for(0), 99'500);
    const Budget generous(100'000, 50, 80);
    assert_int_equal(generous.limit_for(0), 80'000);
}

void tables_beyond_their_share_leave_less_for_chunks(void **)
{
    Budget budget(100'000, 88, 100);
    budget.add_table(2'000);
    assert_int_equal(budget.tables_beyond_share(), 0);
    assert_int_equal(budget.limit_for(0), 96'438);
    budget.add_table(20'000);
    assert_int_equal(budget.tables_beyond_share(), 20'000);
    assert_int_equal(budget.low(), 70'400);
    assert_int_equal(budget.high(), 80'000);
    assert_int_equal(budget.limit_for(0), 77'150);
    assert_int_equal(budget.bytes(), 100'000); // where nothing can leave, all of it
    budget.add_table(1'000'000); // half is for chunks, whatever comes
    assert_int_equal(budget.high(), 50'000);
    budget.remove_table(1'022'000);
    assert_int_equal(budget.limit_for(0), 96'438);
}

void sizes_do_not_wrap_around(void **)
{
    Budget budget(100, 50, 100);
    assert_true(budget.try_charge(50, 100));
    assert_false(budget.try_charge(SIZE_MAX, 100));
    assert_false(budget.try_charge(SIZE_MAX - 49, 100)); // 0 after wrapping around
    assert_int_equal(budget.used(), 50);
}

void a_limit_below_what_is_used_refuses_everything(void **)
{
    Budget budget(100, 50, 100);
    assert_true(budget.try_charge(90, budget.bytes()));
    budget.set_bytes(80);
    assert_false(budget.try_charge(1, budget.bytes()));
    assert_true(budget.try_charge(0, 90));
    budget.discharge(20);
    assert_true(budget.try_charge(10, budget.bytes()));
}

void the_peak_stays(void **)
{
    Budget budget(100, 50, 100);
    assert_true(budget.try_charge(70, 100));
    budget.discharge(50);
    assert_true(budget.try_charge(30, 100));
    assert_int_equal(budget.used(), 50);
    assert_int_equal(budget.peak(), 70);
    assert_false(budget.try_charge(99, 100)); // what was refused does not count
    assert_int_equal(budget.peak(), 70);
}

void watermarks_are_percentages_of_the_budget(void **)
{
    Budget budget(1000, 88, 100);
    assert_int_equal(budget.low(), 880);
    assert_int_equal(budget.high(), 1000);
    budget.set_bytes(200);
    assert_int_equal(budget.low(), 176);
    assert_int_equal(budget.high(), 200);
}

void percentages_are_exact_for_every_size(void **)
{
    Random random;
    for (int i = 0; i < 10000; ++i) {
        const std::size_t bytes = i == 0 ? SIZE_MAX : random.next() >> random.below(64);
        const auto high = static_cast<unsigned>(random.between(2, 100));
        const auto low = static_cast<unsigned>(random.between(1, high - 1));
        const Budget budget(bytes, low, high);
        assert_true(budget.low() == static_cast<unsigned __int128>(bytes) * low / 100);
        assert_true(budget.high() == static_cast<unsigned __int128>(bytes) * high / 100);
        assert_true(budget.low() <= budget.high() && budget.high() <= bytes);
    }
}

/// Threads charge and discharge; what they hold together, by their own count, never exceeds the limit.
void many_threads_never_exceed_it(void **)
{
    constexpr std::size_t limit = 10000;
    Budget budget(limit, 50, 100);
    std::atomic<std::size_t> held{0};
    std::atomic<std::size_t> highest{0};
    std::atomic<std::size_t> refused{0};
    unit::on_threads(4, [&](std::size_t thread) {
        Random random(thread);
        std::vector<std::size_t> mine;
        for (std::size_t i = 0, last = unit::rounds(100000); i < last; ++i) {
            if (random.one_in(2) || mine.empty()) {
                const std::size_t size = random.between(1, 1000);
                if (!budget.try_charge(size, limit)) {
                    refused.fetch_add(1);
                    continue;
                }
                const std::size_t now = held.fetch_add(size) + size;
                for (std::size_t seen = highest.load(); seen < now && !highest.compare_exchange_weak(seen, now);) {
                }
                mine.push_back(size);
            } else {
                held.fetch_sub(mine.back());
                budget.discharge(mine.back());
                mine.pop_back();
            }
        }
        for (const std::size_t size : mine) {
            held.fetch_sub(size);
            budget.discharge(size);
        }
    });
    assert_true(highest.load() <= limit);
    assert_true(refused.load() != 0); // otherwise nothing was tried
    assert_true(budget.peak() >= highest.load() && budget.peak() <= limit);
    assert_int_equal(budget.used(), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_charge_fits_or_is_refused),
        cmocka_unit_test(the_limit_of_a_charge_may_be_tighter_than_the_budget),
        cmocka_unit_test(what_is_small_leaves_room_for_tables), cmocka_unit_test(tables_beyond_their_share_leave_less_for_chunks),
        cmocka_unit_test(sizes_do_not_wrap_around),
        cmocka_unit_test(a_limit_below_what_is_used_refuses_everything),
        cmocka_unit_test(the_peak_stays),
        cmocka_unit_test(watermarks_are_percentages_of_the_budget),
        cmocka_unit_test(percentages_are_exact_for_every_size),
        cmocka_unit_test(many_threads_never_exceed_it),
    };
    return RUN(tests);
}
