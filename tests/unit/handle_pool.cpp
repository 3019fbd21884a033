// SPDX-License-Identifier: MIT
// Handles for C programs: reused as late as possible, so that old ones are recognised.
#include "unit/unit.hpp"

#include "handle_pool.hpp"

#include <set>

using namespace ufomem;

namespace {

struct Thing {
    std::atomic<bool> taken{false};
};

constexpr std::size_t least_idle = 256;

void everybody_gets_a_handle_of_his_own(void **)
{
    HandlePool<Thing> pool;
    std::set<Thing *> seen;
    for (int i = 0; i < 1000; ++i)
        assert_true(seen.insert(pool.take()).second);
}

void a_handle_rests_before_it_is_used_again(void **)
{
    HandlePool<Thing> pool;
    Thing *first = pool.take();
    pool.give(first);
    // As long as only a few rest, the next ones are new ...
    for (std::size_t i = 1; i <= least_idle; ++i) {
        Thing *another = pool.take();
        assert_ptr_not_equal(another, first);
        pool.give(another);
    }
    // ... then the one that has rested longest is next.
    assert_ptr_equal(pool.take(), first);
}

void memory_does_not_grow_with_use(void **)
{
    HandlePool<Thing> pool;
    std::set<Thing *> seen;
    for (int i = 0; i < 10000; ++i) {
        Thing *thing = pool.take();
        seen.insert(thing);
        pool.give(thing);
    }
    assert_int_equal(seen.size(), least_idle + 1);
}

void a_handle_stays_readable_after_it_was_given_back(void **)
{
    HandlePool<Thing> pool;
    Thing *thing = pool.take();
    thing->taken = true;
    pool.give(thing);
    assert_true(thing->taken); // memory checkers would tell
}

void no_two_threads_have_the_same(void **)
{
    HandlePool<Thing> pool;
    std::atomic<int> twice{0};
    unit::on_threads(4, [&](std::size_t thread) {
        unit::Random random(thread);
        std::vector<Thing *> mine;
        for (std::size_t i = 0, last = unit::rounds(20000); i < last; ++i) {
            if (mine.size() < 300 && random.one_in(2)) {
                mine.push_back(pool.take());
                twice += mine.back()->taken.exchange(true);
            } else if (!mine.empty()) {
                mine.back()->taken = false;
                pool.give(mine.back());
                mine.pop_back();
            }
        }
    });
    assert_int_equal(twice.load(), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(everybody_gets_a_handle_of_his_own),
        cmocka_unit_test(a_handle_rests_before_it_is_used_again),
        cmocka_unit_test(memory_does_not_grow_with_use),
        cmocka_unit_test(a_handle_stays_readable_after_it_was_given_back),
        cmocka_unit_test(no_two_threads_have_the_same),
    };
    return RUN(tests);
}
