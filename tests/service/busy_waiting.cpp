// SPDX-License-Identifier: MIT
// Looking for the next event for a moment before sleeping.
#include "unit/unit.hpp"

#include "busy_waiting.hpp"
#include "kernel/file.hpp"

#include <atomic>
#include <thread>

#include <sys/eventfd.h>
#include <unistd.h>

using namespace ufomem;
using kernel::EventQueue;
using service::BusyWaiting;

namespace {

constexpr std::uint64_t tag = 7;

struct Setting {
    EventQueue queue = std::move(*EventQueue::make());
    kernel::File events{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::atomic<bool> looking{false};

    Setting() { assert_true(queue.add(events.descriptor(), tag, EventQueue::Report::once).ok()); }
    void happen() const { assert_int_equal(eventfd_write(events.descriptor(), 1), 0); }
    void again() const
    {
        eventfd_t value = 0;
        assert_int_equal(eventfd_read(events.descriptor(), &value), 0);
        assert_true(queue.report_again(events.descriptor(), tag));
    }
};

void what_has_happened_comes_at_once(void **)
{
    Setting setting;
    BusyWaiting waiting(setting.looking);
    for (int i = 0; i < 1000; i++) {
        setting.happen();
        assert_int_equal(waiting.wait(setting.queue), tag);
        assert_false(setting.looking.load());
        setting.again();
    }
}

void what_happens_much_later_ends_the_sleep(void **)
{
    Setting setting;
    BusyWaiting waiting(setting.looking);
    for (int i = 0; i < 5; i++) { // first because nothing has paid yet, then with a moment that gets shorter
        std::thread other([&] {
            usleep(20'000);
            setting.happen();
        });
        const std::uint64_t got = waiting.wait(setting.queue);
        other.join();
        assert_int_equal(got, tag);
        assert_false(setting.looking.load());
        setting.again();
    }
}

void while_one_looks_the_others_sleep(void **)
{
    Setting setting;
    BusyWaiting waiting(setting.looking);
    setting.happen();
    assert_int_equal(waiting.wait(setting.queue), tag); // it would look, next time
    setting.again();
    setting.looking = true;
    setting.happen();
    assert_int_equal(waiting.wait(setting.queue), tag);
    assert_true(setting.looking.load()); // somebody else's
}

void the_end_is_an_event(void **)
{
    Setting setting;
    BusyWaiting waiting(setting.looking);
    setting.queue.stop();
    for (int i = 0; i < 3; i++)
        assert_true(waiting.wait(setting.queue) == EventQueue::stopped);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_has_happened_comes_at_once),
        cmocka_unit_test(what_happens_much_later_ends_the_sleep),
        cmocka_unit_test(while_one_looks_the_others_sleep),
        cmocka_unit_test(the_end_is_an_event),
    };
    return RUN(tests);
}
