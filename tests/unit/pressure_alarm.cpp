// SPDX-License-Identifier: MIT
// Sleep that ends early when threads have to wait for memory.
#include "unit/unit.hpp"

#include "kernel/pressure_alarm.hpp"

#include <chrono>
#include <thread>

#include <sys/resource.h>

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

/// Who looks again at once, and again, takes a processor from the program.
void where_the_kernel_refuses_to_wait_time_passes(void **)
{
    Result<PressureAlarm> alarm = PressureAlarm::make();
    assert_true(alarm.ok());
    rlimit before{};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max}; // poll() takes no more descriptors than a process may have
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto begin = std::chrono::steady_clock::now();
    const PressureAlarm::Event event = alarm->wait(20);
    const auto taken = std::chrono::steady_clock::now() - begin;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(event == PressureAlarm::Event::time);
    assert_true(taken >= std::chrono::milliseconds(20));
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(without_triggers_it_is_a_clock),
        cmocka_unit_test(stopping_ends_a_wait_and_every_later_one),
        cmocka_unit_test(the_kernel_takes_a_trigger),
        cmocka_unit_test(where_the_kernel_refuses_to_wait_time_passes),
    };
    return RUN(tests);
}
