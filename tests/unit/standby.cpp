// SPDX-License-Identifier: MIT
// The thread that sees to it that somebody reads fault messages.
#include "unit/unit.hpp"

#include "delivery/standby.hpp"

#include <chrono>
#include <functional>

using namespace ufomem;

namespace {

/// Readers that are only numbers.
struct Readers final : Standby::Readers {
    void add_one() noexcept override
    {
        asked.fetch_add(1);
        reading.store(1);
    }
    std::atomic<int> reading{1};
    std::atomic<int> asked{0};
};

/// Within ten seconds, on however busy a machine.
bool comes_true(const std::function<bool()> &what)
{
    for (int i = 0; i < 10'000 && !what(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return what();
}

void sleep_for(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

void leaves_those_alone_who_read(void **)
{
    Readers readers;
    Standby standby(readers, readers.reading);
    assert_true(standby.start(nullptr).ok());
    for (int i = 0; i < 50; ++i) {
        standby.watch(); // somebody was alone, and is back at once
        sleep_for(1);
    }
    assert_int_equal(readers.asked.load(), 0);
    assert_int_equal(standby.times_stepped_in(), 0);
}

void steps_in_when_nobody_reads(void **)
{
    Readers readers;
    Standby standby(readers, readers.reading);
    assert_true(standby.start(nullptr).ok());
    for (std::uint32_t time = 1; time <= 3; ++time) {
        readers.reading.store(0);
        standby.watch();
        assert_true(comes_true([&] { return readers.reading.load() == 1; }));
        assert_int_equal(standby.times_stepped_in(), time);
    }
}

void wakes_up_for_it(void **)
{
    Readers readers;
    Standby standby(readers, readers.reading);
    assert_true(standby.start(nullptr).ok());
    for (int i = 0; i < 3; ++i) {
        sleep_for(300); // nothing happens, and it goes to sleep
        readers.reading.store(0);
        standby.watch();
        assert_true(comes_true([&] { return readers.reading.load() == 1; }));
    }
}

/// Who calls does not wait for a tick, nor does it count as a surprise.
void comes_when_called(void **)
{
    Readers readers;
    Standby standby(readers, readers.reading);
    assert_true(standby.start(nullptr).ok());
    for (const int after : {0, 0, 300}) { // awake, and asleep
        sleep_for(after);
        readers.reading.store(0);
        standby.call();
        assert_true(comes_true([&] { return readers.reading.load() == 1; }));
    }
    assert_int_equal(standby.times_stepped_in(), 0);
    standby.call(); // in vain: somebody reads
    sleep_for(20);
    assert_int_equal(readers.asked.load(), 3);
}

void ends_when_told(void **)
{
    for (const int after : {0, 5, 300}) {
        Readers readers;
        Standby standby(readers, readers.reading);
        assert_true(standby.start(nullptr).ok());
        sleep_for(after);
        standby.stop();
        standby.stop();
    }
    Readers readers;
    const Standby never_started(readers, readers.reading);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {cmocka_unit_test(leaves_those_alone_who_read),
                                cmocka_unit_test(steps_in_when_nobody_reads), cmocka_unit_test(wakes_up_for_it),
                                cmocka_unit_test(comes_when_called), cmocka_unit_test(ends_when_told)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
