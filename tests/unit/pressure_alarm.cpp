// SPDX-License-Identifier: MIT
// Sleep that ends early when threads have to wait for memory.
#include "unit/unit.hpp"

#include "kernel/pressure_alarm.hpp"

#include <thread>

using namespace ufomem;
using kernel::PressureAlarm;

namespace {

void without_triggers_it_is_a_clock(void **)
{
    Result<PressureAlarm> alarm = PressureAlarm::make();
    assert_true(alarm.ok());
    alarm->watch("/proc/there is no such file");
    assert_false(alarm->watches());
    assert_true(alarm->wait(1) == PressureAlarm::Event::time);
}

void stopping_ends_a_wait_and_every_later_one(void **)
{
    Result<PressureAlarm> alarm = PressureAlarm::make();
    assert_true(alarm.ok());
    std::thread other([&] { alarm->stop(); });
    const bool stopped = alarm->wait(-1) == PressureAlarm::Event::stopped;
    other.join();
    assert_true(stopped);
    assert_true(alarm->wait(-1) == PressureAlarm::Event::stopped);
}

void the_kernel_takes_a_trigger(void **)
{
    Result<PressureAlarm> alarm = PressureAlarm::make();
    assert_true(alarm.ok());
    alarm->watch("/proc/pressure/memory");
    if (!alarm->watches())
        skip(); // no pressure figures, or not for this user
    alarm->stop();
    assert_true(alarm->wait(-1) == PressureAlarm::Event::stopped);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(without_triggers_it_is_a_clock),
        cmocka_unit_test(stopping_ends_a_wait_and_every_later_one),
        cmocka_unit_test(the_kernel_takes_a_trigger),
    };
    return RUN(tests);
}
