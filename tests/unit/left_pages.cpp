// SPDX-License-Identifier: MIT
// What the kernel did not take back stays charged, until it does, or somebody uses the pages again: against a plain list of pages.
#include "unit/unit.hpp"

#include "backing/left_pages.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

using namespace ufomem;
using unit::Random;

namespace {

constexpr std::size_t size = 100;
const char core_memory = 0;

class Scene {
  public:
    Budget budget{std::size_t{1} << 20, 50, 100};
    Heap heap;
    Frames frames{budget, nullptr, &core_memory, heap};
    std::unique_ptr<LeftPages> pages_left = std::make_unique<LeftPages>(frames);
    LeftPages &left = *pages_left;
    std::vector<bool> model = std::vector<bool>(size);

    void leave(std::size_t first, std::size_t length)
    {
        assert_true(frames.charge(length).ok());
        left.add({first, length});
        for (std::size_t at = first; at < first + length; ++at)
            model[at] = true;
    }
    std::size_t expected() const { return static_cast<std::size_t>(std::count(model.begin(), model.end(), true)); }
};

void against_a_list_of_pages(void **)
{
    Random random;
    for (std::size_t round = 0, last = unit::rounds(200); round < last; ++round) {
        Scene scene;
        for (int step = 0; step < 60; ++step) {
            const std::size_t first = random.below(size);
            const std::size_t length = random.between(1, size - first);
            switch (random.below(3)) {
            case 0: { // of what is left already, nothing is left again
                std::size_t end = first;
                while (end < first + length && !scene.model[end])
                    ++end;
                if (end != first)
                    scene.leave(first, end - first);
                break;
            }
            case 1: {
                bool all = true;
                const bool made_way = scene.left.take({first, length}, [&](ByteRange pages) {
                    assert_true(pages.offset >= first && pages.end() <= first + length);
                    const bool gone = random.below(3) != 0;
                    all &= gone;
                    for (std::size_t at = pages.offset; at < pages.end(); ++at) {
                        assert_true(scene.model[at]);
                        scene.model[at] = !gone;
                    }
                    return gone;
                });
                assert_int_equal(made_way, all);
                break;
            }
            default: {
                std::size_t tries = 0;
                scene.left.try_again([&](ByteRange pages) {
                    ++tries;
                    for (std::size_t at = pages.offset; at < pages.end(); ++at)
                        assert_true(scene.model[at]);
                    const bool gone = random.below(2) == 0;
                    for (std::size_t at = pages.offset; gone && at < pages.end(); ++at)
                        scene.model[at] = false;
                    return gone;
                });
                assert_true(tries <= 4);
                break;
            }
            }
            assert_int_equal(scene.budget.used(), scene.expected());
        }
        scene.pages_left.reset();
        assert_int_equal(scene.budget.used(), 0);
    }
}

/// While one half of a range is being taken, who fills the other half waits, and does not find that nothing is left.
void the_other_half_waits(void **)
{
    Scene scene;
    scene.leave(0, 2);
    std::atomic<bool> took_other{false};
    std::thread other;
    std::size_t taken = 0;
    const auto count = [&taken](ByteRange pages) {
        taken += pages.length;
        return true;
    };
    assert_true(scene.left.take({0, 1}, [&](ByteRange pages) {
        other = std::thread([&] {
            assert_true(scene.left.take({1, 1}, count));
            took_other = true;
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        assert_false(took_other.load());
        return count(pages);
    }));
    other.join();
    assert_int_equal(taken, 2);
    assert_int_equal(scene.budget.used(), 0);
}

/// However often the others are refused.
void each_of_them_is_tried(void **)
{
    Scene scene;
    for (std::size_t first = 0; first < size; first += 10)
        scene.leave(first, 5);
    std::vector<int> tried(size);
    for (std::size_t i = 0; i < size; ++i)
        scene.left.try_again([&](ByteRange pages) {
            ++tried[pages.offset];
            return false;
        });
    for (std::size_t first = 0; first < size; first += 10)
        assert_true(tried[first] >= 10);
    for (std::size_t i = 0; i < size; ++i)
        scene.left.try_again([](ByteRange) { return true; });
    assert_int_equal(scene.budget.used(), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(against_a_list_of_pages),
        cmocka_unit_test(the_other_half_waits),
        cmocka_unit_test(each_of_them_is_tried),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
