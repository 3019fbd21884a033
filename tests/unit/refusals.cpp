// SPDX-License-Identifier: MIT
// One signal for each fault that cannot be answered, however many messages of it have been read.
#include "unit/unit.hpp"

#include "delivery/refusals.hpp"

#include <chrono>

using namespace ufomem;

namespace {

constexpr pid_t thread = 7;

std::byte *page(std::size_t number) { return reinterpret_cast<std::byte *>((number + 1) * kernel::page_size()); }

struct Reader {
    Refusals &refusals;
    int signals = 0;
    int wakes = 0;

    ReadingTime read() const { return {refusals.now(), refusals.now()}; }
    void refuse(ReadingTime time, std::size_t at = 0, pid_t who = thread)
    {
        refusals.refuse(who, page(at) + 5, time, [this] { ++signals; }, [this] { ++wakes; });
    }
};

void each_new_fault_is_told_of(void **)
{
    Refusals refusals;
    Reader reader{refusals};
    for (int i = 1; i < 10; ++i) {
        reader.refuse(reader.read());
        assert_int_equal(reader.signals, i);
        assert_int_equal(reader.wakes, i);
    }
}

void a_second_message_of_the_same_fault_is_old(void **)
{
    Refusals refusals;
    Reader reader{refusals};
    const ReadingTime one = reader.read(), other = reader.read();
    reader.refuse(one);
    reader.refuse(other);
    assert_int_equal(reader.signals, 1);
    assert_int_equal(reader.wakes, 1);
}

void who_was_reading_meanwhile_has_the_thread_ask_again(void **)
{
    Refusals refusals;
    Reader reader{refusals};
    ReadingTime other = reader.read();
    reader.refuse(reader.read());
    other.got = refusals.now();
    reader.refuse(other);
    assert_int_equal(reader.signals, 1);
    assert_int_equal(reader.wakes, 2);
    reader.refuse(reader.read());
    assert_int_equal(reader.signals, 2);
}

/// Readers that have waited for long, in turns: each of them is in doubt once after a signal.
void who_waits_for_messages_is_in_doubt_once(void **)
{
    Refusals refusals;
    Reader reader{refusals};
    const ReadingTime idle = reader.read();
    reader.refuse(idle);
    const auto came = [&](ReadingTime asked) { return ReadingTime{asked.asked, refusals.now()}; };
    const ReadingTime first_again = reader.read();
    reader.refuse(came(idle));
    assert_int_equal(reader.signals, 1);
    assert_int_equal(reader.wakes, 2);
    reader.refuse(came(first_again));
    assert_int_equal(reader.signals, 2);
}

/// In the middle of a refusal: the message may be from before or after the wake-up.
void who_read_during_a_refusal_has_the_thread_ask_again(void **)
{
    Refusals refusals;
    Reader reader{refusals};
    ReadingTime during;
    int signals = 0;
    refusals.refuse(thread, page(0), reader.read(), [&] { ++signals; }, [&] { during = reader.read(); });
    assert_int_equal(signals, 1);
    reader.refuse(during);
    assert_int_equal(reader.signals, 0);
    assert_int_equal(reader.wakes, 1);
}

void others_are_told_for_themselves(void **)
{
    Refusals refusals;
    Reader reader{refusals};
    const ReadingTime same = reader.read(), next_page = reader.read(), other_thread = reader.read();
    reader.refuse(same);
    reader.refuse(next_page, 1);
    reader.refuse(other_thread, 0, thread + 1);
    assert_int_equal(reader.signals, 3);
}

/// Of more threads than are remembered: nobody is told of an old message, and nobody is left asleep.
void what_was_forgotten_is_asked_again(void **)
{
    Refusals refusals;
    Reader reader{refusals};
    const ReadingTime old = reader.read();
    reader.refuse(old);
    for (std::size_t other = 1; other < 200; ++other)
        reader.refuse(reader.read(), other);
    assert_int_equal(reader.signals, 200);
    reader.refuse(old);
    assert_int_equal(reader.signals, 200);
    assert_int_equal(reader.wakes, 201);
    reader.refuse(old); // woken since
    assert_int_equal(reader.wakes, 201);
    reader.refuse(reader.read());
    assert_int_equal(reader.signals, 201);
}

void of_two_messages_in_hands_none_is_told_of(void **)
{
    Refusals refusals;
    Reader reader{refusals};
    const Refusals::Pending one(refusals, thread);
    {
        const Refusals::Pending other(refusals, thread); // who has it may let the thread go on
        reader.refuse(reader.read());
        assert_int_equal(reader.signals, 0);
        assert_int_equal(reader.wakes, 1);
    }
    reader.refuse(reader.read());
    assert_int_equal(reader.signals, 1);
}

void nobody_lets_a_thread_go_on_that_is_about_to_be_told(void **)
{
    Refusals refusals;
    Reader reader{refusals};
    const Refusals::Pending own(refusals, thread);
    std::atomic<bool> same{false}, other{false}, too_early{false};
    std::thread same_thread, other_thread;
    refusals.refuse(
        thread, page(0), reader.read(),
        [&] {
            same_thread = std::thread([&] {
                const Refusals::Pending message(refusals, thread);
                same.store(true);
            });
            other_thread = std::thread([&] {
                const Refusals::Pending message(refusals, thread + 1);
                other.store(true);
            });
            while (!other.load())
                std::this_thread::yield();
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            too_early.store(same.load());
        },
        [] {});
    same_thread.join();
    other_thread.join();
    assert_false(too_early.load());
    assert_true(same.load());
}

} // namespace

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_new_fault_is_told_of),
        cmocka_unit_test(a_second_message_of_the_same_fault_is_old),
        cmocka_unit_test(who_was_reading_meanwhile_has_the_thread_ask_again),
        cmocka_unit_test(who_waits_for_messages_is_in_doubt_once),
        cmocka_unit_test(who_read_during_a_refusal_has_the_thread_ask_again),
        cmocka_unit_test(others_are_told_for_themselves),
        cmocka_unit_test(what_was_forgotten_is_asked_again),
        cmocka_unit_test(of_two_messages_in_hands_none_is_told_of),
        cmocka_unit_test(nobody_lets_a_thread_go_on_that_is_about_to_be_told),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
