// SPDX-License-Identifier: MIT
// Glances: who takes a chunk, or ends a region, meets those who look at it.
#include "unit/hollow_region.hpp"

#include "glance.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace ufomem;
using unit::HollowRegion;

namespace {

const int chunk = 0;
const int other_chunk = 0;

/// By another thread: nobody meets himself.
bool is_met(const RegionHandle &handle, const void *word)
{
    bool met = false;
    std::thread([&] { met = Glances::meet(&handle, word, Glances::Own::does_not_count); }).join();
    return met;
}

void nobody_looks_at_first(void **)
{
    const RegionHandle handle;
    assert_false(Glances::meet(&handle, &chunk, Glances::Own::counts));
    Glances::wait_for_end(&handle);
}

void one_is_met_until_it_ends(void **)
{
    RegionHandle handle;
    RegionHandle other;
    const HollowRegion region(handle);
    handle.open(region.get());
    {
        Glance glance(&handle);
        assert_ptr_equal(glance.region(), region.get());
        assert_true(is_met(handle, &chunk)); // it may be about to look at any chunk
        assert_true(is_met(handle, &other_chunk));
        glance.at(&chunk);
        assert_true(is_met(handle, &chunk));
        assert_false(is_met(handle, &other_chunk));
        assert_false(is_met(other, &chunk));
    }
    assert_false(is_met(handle, &chunk));
    {
        const Glance glance(&handle);
        assert_true(is_met(handle, &other_chunk)); // the former chunk is forgotten
    }
    assert_int_equal(handle.users(), 1); // nothing was counted
}

void there_is_nothing_to_see_of_what_is_closed(void **)
{
    RegionHandle handle;
    assert_null(Glance(&handle).region());
    const HollowRegion region(handle);
    handle.open(region.get());
    assert_true(handle.close());
    assert_null(Glance(&handle).region());
    handle.leave();
    assert_null(Glance(&handle).region());
}

void a_thread_has_one_at_a_time(void **)
{
    RegionHandle handle;
    const HollowRegion region(handle);
    handle.open(region.get());
    Glance outer(&handle);
    {
        const Glance inner(&handle); // by a signal handler
        assert_null(inner.region());
    }
    assert_true(is_met(handle, &chunk)); // the outer one is still there
    assert_false(Glances::meet(&handle, &chunk, Glances::Own::counts)); // and has not come to a chunk
    outer.at(&chunk);
    assert_true(Glances::meet(&handle, &chunk, Glances::Own::counts));
    assert_false(Glances::meet(&handle, &other_chunk, Glances::Own::counts));
    assert_false(Glances::meet(&handle, &chunk,
                               Glances::Own::does_not_count)); // a handler does not wait for what it has interrupted
}

void the_end_waits(void **)
{
    RegionHandle handle;
    const HollowRegion region(handle);
    handle.open(region.get());
    std::atomic<bool> looks{false};
    std::atomic<bool> ended{false};
    std::thread thread([&] {
        const Glance glance(&handle);
        looks.store(glance.region() != nullptr);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        ended.store(true);
    });
    while (!looks.load())
        std::this_thread::yield();
    assert_true(handle.close());
    Glances::wait_for_end(&handle);
    assert_true(ended.load());
    thread.join();
}

void places_are_given_back(void **)
{
    RegionHandle handle;
    const HollowRegion region(handle);
    handle.open(region.get());
    for (int round = 0; round < 3; ++round) {
        std::atomic<int> without{0};
        std::atomic<bool> go_on{false};
        std::vector<std::thread> threads;
        for (int i = 0; i < 300; ++i)
            threads.emplace_back([&] {
                const Glance glance(&handle);
                if (!glance.region())
                    without.fetch_add(1);
                while (!go_on.load())
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
            });
        go_on.store(true);
        for (std::thread &thread : threads)
            thread.join();
        assert_in_range(without.load(), 0, 45); // there are 256 places, of which this thread has one
    }
    bool seen = false;
    std::thread([&] { seen = Glance(&handle).region() != nullptr; }).join();
    assert_true(seen);
}

void a_child_has_only_its_own(void **)
{
    RegionHandle handle;
    const HollowRegion region(handle);
    handle.open(region.get());
    std::atomic<bool> looks{false};
    std::atomic<bool> go_on{false};
    std::thread thread([&] {
        const Glance glance(&handle);
        looks.store(true);
        while (!go_on.load())
            std::this_thread::yield();
    });
    while (!looks.load())
        std::this_thread::yield();
    assert_true(Glances::meet(&handle, &chunk, Glances::Own::counts));
    Glances::
        forget_other_threads(); // as after a fork; that thread has none of its own any more, but this process has not forked
    assert_false(Glances::meet(&handle, &chunk, Glances::Own::counts));
    go_on.store(true);
    thread.join();
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(nobody_looks_at_first),
        cmocka_unit_test(one_is_met_until_it_ends),
        cmocka_unit_test(there_is_nothing_to_see_of_what_is_closed),
        cmocka_unit_test(a_thread_has_one_at_a_time),
        cmocka_unit_test(the_end_waits),
        cmocka_unit_test(places_are_given_back),
        cmocka_unit_test(a_child_has_only_its_own),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
