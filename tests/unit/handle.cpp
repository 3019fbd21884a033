// SPDX-License-Identifier: MIT
// A region's handle: who gets in while it is unused, open and closing, and who ends it.
#include "unit/hollow_region.hpp"

#include "handle.hpp"

using namespace ufomem;
using unit::HollowRegion;

namespace {

void an_unused_handle_lets_nobody_in(void **)
{
    RegionHandle handle;
    assert_int_equal(handle.phase(), Phase::unused);
    assert_null(handle.enter());
    assert_null(handle.enter_closing());
    assert_null(handle.enter_generation(0));
    assert_false(handle.close());
    assert_int_equal(handle.users(), 0);
}

void an_open_one_lets_everybody_in_and_counts(void **)
{
    RegionHandle handle;
    const HollowRegion region(handle);
    handle.open(region.get());
    assert_int_equal(handle.phase(), Phase::open);
    assert_int_equal(handle.users(), 1); // who opened it
    {
        const RegionVisit call = visit(&handle);
        const RegionVisit fault = visit_closing(&handle);
        const RegionVisit eviction = visit(RegionTicket{&handle, handle.generation()});
        assert_true(call && fault && eviction);
        assert_ptr_equal(&*call, region.get());
        assert_int_equal(handle.users(), 4);
        assert_ptr_equal(handle.enter_closing(3), region.get()); // several at once
        handle.stay(2);
        handle.leave(5);
    }
    assert_int_equal(handle.users(), 1);
    assert_int_equal(region.ends(), 0);
}

void a_closing_one_takes_no_new_calls(void **)
{
    RegionHandle handle;
    const HollowRegion region(handle);
    handle.open(region.get());
    assert_true(handle.close());
    assert_int_equal(handle.phase(), Phase::closing);
    assert_false(static_cast<bool>(visit(&handle)));
    assert_true(static_cast<bool>(visit_closing(&handle))); // but faults and unpins
    assert_true(static_cast<bool>(visit(RegionTicket{&handle, handle.generation()})));
    assert_false(handle.close()); // somebody else was first
    assert_int_equal(region.ends(), 0);
    handle.leave();
}

void the_last_one_out_ends_it(void **)
{
    RegionHandle handle;
    const HollowRegion region(handle);
    handle.open(region.get());
    assert_ptr_equal(handle.enter(), region.get());
    assert_true(handle.close());
    handle.leave(); // who opened it
    assert_int_equal(region.ends(), 0);
    handle.leave(); // who was inside still
    assert_int_equal(region.ends(), 1);
    assert_int_equal(handle.phase(), Phase::unused);
}

void late_calls_find_it_closed(void **)
{
    RegionHandle handle;
    const HollowRegion region(handle);
    handle.open(region.get());
    assert_true(handle.close());
    handle.leave();
    assert_null(handle.enter());
    assert_null(handle.enter_closing());
    assert_false(handle.close());
    assert_int_equal(region.ends(), 1);
    assert_int_equal(handle.users(), 0);
}

void leaving_an_open_one_ends_nothing(void **)
{
    RegionHandle handle;
    const HollowRegion region(handle);
    handle.open(region.get());
    handle.leave();
    assert_int_equal(region.ends(), 0);
    assert_ptr_equal(handle.enter(), region.get());
    assert_true(handle.close());
    handle.leave();
    assert_int_equal(region.ends(), 1);
}

void a_ticket_is_for_one_generation(void **)
{
    RegionHandle handle;
    const HollowRegion first(handle);
    handle.open(first.get());
    const RegionTicket old = first.get()->ticket();
    assert_true(static_cast<bool>(visit(old)));
    assert_true(handle.close());
    handle.leave();
    assert_false(static_cast<bool>(visit(old)));

    const HollowRegion second(handle);
    handle.open(second.get());
    assert_false(static_cast<bool>(visit(old))); // the same handle, another region
    assert_int_equal(second.get()->ticket().generation, old.generation + 1);
    assert_ptr_equal(&*visit(second.get()->ticket()), second.get());
    assert_true(handle.close());
    handle.leave();
    assert_int_equal(first.ends() + second.ends(), 2);
}

void a_visit_ends_with_its_last_owner(void **)
{
    RegionHandle handle;
    const HollowRegion region(handle);
    handle.open(region.get());
    {
        RegionVisit first = visit(&handle);
        const RegionVisit second = std::move(first);
        assert_false(static_cast<bool>(first));
        assert_int_equal(handle.users(), 2);
    }
    assert_int_equal(handle.users(), 1);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(an_unused_handle_lets_nobody_in),  cmocka_unit_test(an_open_one_lets_everybody_in_and_counts),
        cmocka_unit_test(a_closing_one_takes_no_new_calls), cmocka_unit_test(the_last_one_out_ends_it),
        cmocka_unit_test(late_calls_find_it_closed),        cmocka_unit_test(leaving_an_open_one_ends_nothing),
        cmocka_unit_test(a_ticket_is_for_one_generation),   cmocka_unit_test(a_visit_ends_with_its_last_owner),
    };
    return RUN(tests);
}
