// SPDX-License-Identifier: MIT
// The wait graph while it changes: real cycles are found by one of those in it, and nothing else is taken for one.
#include "unit/unit.hpp"

#include "wait_graph.hpp"

#include <barrier>
#include <chrono>
#include <memory>

using namespace ufomem;
using unit::Random;
using namespace std::chrono_literals;

namespace {

using Key = WaitGraph::Key;
constexpr Key nothing = WaitGraph::nothing;
const char core_memory = 0;

constexpr Key chunk(std::size_t number) { return 4096 * (number + 1); }

/// Each thread fills a chunk and waits for a higher one, so nobody ever waits for himself, whatever the others do.
void waiting_in_one_order_is_never_a_cycle(void **)
{
    constexpr std::size_t threads = 6;
    constexpr std::size_t chunks = 12;
    const auto graph = std::make_unique<WaitGraph>();
    std::atomic<int> alarms{0};
    unit::on_threads(threads, [&](std::size_t thread) {
        const auto self = static_cast<pid_t>(thread + 1);
        Random random(thread);
        for (std::size_t i = 0, last = unit::rounds(2000); i < last; ++i) {
            const std::size_t low = random.below(chunks / 2);
            const std::size_t middle = random.between(low, chunks - 2);
            const std::size_t high = random.between(middle + 1, chunks - 1);
            const WaitGraph::Entry outer(*graph, &core_memory, self, chunk(low), nothing);
            const WaitGraph::Entry inner(*graph, &core_memory, self, chunk(middle), nothing);
            if (random.one_in(2)) { // in a call
                const WaitGraph::Entry wait(*graph, &core_memory, self, nothing, chunk(high));
                alarms += graph->closes_cycle(self, chunk(high));
            } else { // in a fault
                graph->set_waiting(self, chunk(high));
                alarms += graph->closes_cycle(self, chunk(high));
                graph->clear_waiting(chunk(high));
            }
        }
    });
    assert_int_equal(alarms.load(), 0);
}

/// All close the cycle in the same moment, each from his side.
void a_cycle_is_seen_by_one_of_those_in_it(void **)
{
    for (const std::size_t threads : {2, 3, 5}) {
        const auto graph = std::make_unique<WaitGraph>();
        const std::size_t cycles = unit::rounds(300);
        std::vector<std::atomic<int>> seen(cycles);
        std::barrier<> together(static_cast<std::ptrdiff_t>(threads));
        unit::on_threads(threads, [&](std::size_t thread) {
            const auto self = static_cast<pid_t>(thread + 1);
            for (std::size_t i = 0; i < cycles; ++i) {
                const WaitGraph::Entry fill(*graph, &core_memory, self, chunk(thread), nothing);
                together.arrive_and_wait();
                {
                    const Key next = chunk((thread + 1) % threads);
                    const WaitGraph::Entry wait(*graph, &core_memory, self, nothing, next);
                    seen[i] += graph->closes_cycle(self, next);
                    together.arrive_and_wait(); // nobody goes on as long as somebody still looks
                }
            }
        });
        for (const std::atomic<int> &one : seen)
            assert_true(one.load() >= 1);
    }
}

/// A thread fills what we want, and later waits for us, but never both at once.  Who looks while it changes sees parts of either.
void parts_of_different_moments_are_no_cycle(void **)
{
    const auto graph = std::make_unique<WaitGraph>();
    std::atomic<bool> started{false};
    std::atomic<bool> stop{false};
    int alarms = 0;
    const WaitGraph::Entry mine(*graph, &core_memory, 1, chunk(0), nothing);
    std::thread restless([&] {
        while (!stop.load()) {
            started.store(true);
            {
                const WaitGraph::Entry wanted(*graph, &core_memory, 2, chunk(1), nothing);
            }
            const WaitGraph::Entry another(*graph, &core_memory, 2, chunk(2), nothing);
            graph->set_waiting(2, chunk(0));
            graph->clear_waiting(chunk(0));
        }
    });
    while (!started.load())
        std::this_thread::yield();
    for (const auto end = std::chrono::steady_clock::now() + 300ms; std::chrono::steady_clock::now() < end;)
        alarms += graph->closes_cycle(1, chunk(1));
    stop.store(true);
    restless.join();
    assert_int_equal(alarms, 0);
}

void places_in_the_graph_are_used_again(void **)
{
    const auto graph = std::make_unique<WaitGraph>();
    unit::on_threads(4, [&](std::size_t thread) {
        const auto self = static_cast<pid_t>(thread + 1);
        for (std::size_t i = 0, last = unit::rounds(20000); i < last; ++i) // more than there are places
            const WaitGraph::Entry entry(*graph, &core_memory, self, chunk(i % 100), nothing);
    });
    for (pid_t thread = 1; thread <= 4; ++thread)
        assert_false(graph->fills_any(thread));
    assert_false(graph->others_progress(9, &core_memory));
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(waiting_in_one_order_is_never_a_cycle),
        cmocka_unit_test(a_cycle_is_seen_by_one_of_those_in_it),
        cmocka_unit_test(parts_of_different_moments_are_no_cycle),
        cmocka_unit_test(places_in_the_graph_are_used_again),
    };
    return RUN(tests);
}
