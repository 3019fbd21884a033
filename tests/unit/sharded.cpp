// SPDX-License-Identifier: MIT
// A container in shards: whoever finds one taken goes to the next.
#include "unit/unit.hpp"

#include "sharded.hpp"

using namespace ufomem;

namespace {

using Numbers = Sharded<std::vector<int>, 4>;

std::vector<int> *shard_at(Numbers &numbers, std::size_t hint)
{
    return numbers.with_any(hint, [](std::vector<int> &shard) { return &shard; });
}

void a_hint_is_followed_if_the_shard_is_free(void **)
{
    Numbers numbers;
    assert_ptr_equal(shard_at(numbers, 1), shard_at(numbers, 1));
    assert_ptr_equal(shard_at(numbers, 1), shard_at(numbers, 5)); // there are four
    assert_ptr_not_equal(shard_at(numbers, 1), shard_at(numbers, 2));
}

void from_a_taken_shard_one_goes_to_the_next(void **)
{
    Numbers numbers;
    std::vector<int> *next = shard_at(numbers, 2);
    numbers.with_any(1, [&](std::vector<int> &) {
        assert_ptr_equal(shard_at(numbers, 1), next);
        return 0;
    });
    assert_ptr_not_equal(shard_at(numbers, 1), next);
}

void a_search_visits_all_until_it_is_told_to_stop(void **)
{
    Numbers numbers;
    bool all_seen = false;
    std::vector<std::vector<int> *> visited;
    assert_false(numbers.until(3, all_seen, [&](std::vector<int> &shard) {
        visited.push_back(&shard);
        return false;
    }));
    assert_true(all_seen);
    assert_int_equal(visited.size(), 4);
    for (std::size_t i = 0; i < 4; ++i)
        assert_ptr_equal(visited[i], shard_at(numbers, 3 + i));

    int count = 0;
    assert_true(numbers.until(0, all_seen, [&](std::vector<int> &) { return ++count == 2; }));
    assert_int_equal(count, 2);
}

void a_search_says_when_it_passed_one_over(void **)
{
    Numbers numbers;
    bool all_seen = true;
    int count = 0;
    numbers.with_any(2, [&](std::vector<int> &) {
        numbers.until(0, all_seen, [&](std::vector<int> &) {
            ++count;
            return false;
        });
        return 0;
    });
    assert_int_equal(count, 3);
    assert_false(all_seen);
}

void one_at_a_time_is_in_a_shard(void **)
{
    constexpr std::size_t threads = 4;
    const std::size_t each = unit::rounds(100000);
    struct Counter {
        std::size_t value = 0;
    };
    Sharded<Counter, 2> counters;
    unit::on_threads(threads, [&](std::size_t thread) {
        for (std::size_t i = 0; i < each; ++i)
            counters.with_any(thread + i, [](Counter &counter) { return ++counter.value; });
    });
    std::size_t sum = 0;
    bool all_seen = false;
    counters.until(0, all_seen, [&](Counter &counter) {
        sum += counter.value;
        return false;
    });
    assert_int_equal(sum, threads * each);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_hint_is_followed_if_the_shard_is_free),
        cmocka_unit_test(from_a_taken_shard_one_goes_to_the_next),
        cmocka_unit_test(a_search_visits_all_until_it_is_told_to_stop),
        cmocka_unit_test(a_search_says_when_it_passed_one_over),
        cmocka_unit_test(one_at_a_time_is_in_a_shard),
    };
    return RUN(tests);
}
