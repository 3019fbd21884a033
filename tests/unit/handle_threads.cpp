// SPDX-License-Identifier: MIT
// Handles under calls from everywhere: a region ends exactly once, and not before the last one is out.
#include "unit/hollow_region.hpp"

#include "handle.hpp"

#include <deque>

using namespace ufomem;
using unit::HollowRegion;

namespace {

/// Callers come and go while somebody closes; afterwards nobody is inside an ended region.
void a_region_ends_once_and_when_nobody_is_inside(void **)
{
    std::atomic<int> inside_after_end{0};
    for (std::size_t i = 0, last = unit::rounds(300); i < last; ++i) {
        RegionHandle handle;
        const HollowRegion region(handle);
        handle.open(region.get());
        unit::on_threads(3, [&](std::size_t thread) {
            if (thread == 0) {
                if (handle.close())
                    handle.leave();
                return;
            }
            for (bool open = true; open;) {
                const RegionVisit visitor = thread == 1 ? visit(&handle) : visit_closing(&handle);
                open = static_cast<bool>(visitor);
                if (open && region.ends() != 0)
                    inside_after_end.fetch_add(1);
            }
        });
        assert_int_equal(region.ends(), 1);
        assert_int_equal(handle.users(), 0);
    }
    assert_int_equal(inside_after_end.load(), 0);
}

/// Many close at once: one of them does.
void one_closes(void **)
{
    for (std::size_t i = 0, last = unit::rounds(300); i < last; ++i) {
        RegionHandle handle;
        const HollowRegion region(handle);
        handle.open(region.get());
        std::atomic<int> closers{0};
        unit::on_threads(3, [&](std::size_t) {
            if (handle.close()) {
                closers.fetch_add(1);
                handle.leave();
            }
        });
        assert_int_equal(closers.load(), 1);
        assert_int_equal(region.ends(), 1);
    }
}

/// A call on a freed handle is an error of the program.  It must not harm the region that has the handle next.
void late_calls_do_not_harm_the_next_region(void **)
{
    RegionHandle handle;
    std::atomic<bool> stop{false};
    std::thread late([&] {
        while (!stop.load())
            visit(&handle);
    });
    std::deque<HollowRegion> regions;
    bool right = true;
    for (std::size_t i = 0, last = unit::rounds(2000); i < last && right; ++i) {
        const HollowRegion &region = regions.emplace_back(handle);
        handle.open(region.get());
        right = handle.close();
        handle.leave();
        // A late caller that got in while it was open may be the last one out.
        for (int patience = 0; region.ends() == 0 && patience < 1000000; ++patience)
            std::this_thread::yield();
        right = right && region.ends() == 1 && handle.phase() == Phase::unused;
    }
    stop.store(true);
    late.join();
    assert_true(right);
    assert_int_equal(handle.users(), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_region_ends_once_and_when_nobody_is_inside),
        cmocka_unit_test(one_closes),
        cmocka_unit_test(late_calls_do_not_harm_the_next_region),
    };
    return RUN(tests);
}
