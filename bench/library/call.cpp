// SPDX-License-Identifier: MIT
// Library: what a call on one element takes when that is in memory already, with one thread or with several on the same array.

#include "common/latency.hpp"
#include "common/options.hpp"
#include "library/lazy_array.hpp"

#include <thread>
#include <vector>

using namespace bench;

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const std::string what = options.text("what", "touch"); // touch, read, write, pin
    const std::size_t threads = options.size("threads", 1);
    constexpr std::size_t bytes = std::size_t{512} << 10; // stays in the nearest caches: the call is measured, not the memory
    const LazyArray array(options, bytes, 4 * bytes);
    options.finish();
    if (what != "touch" && what != "read" && what != "write" && what != "pin")
        die("--what is touch, read, write or pin");
    const char call_is = what[0];

    ufo *region = array.region();
    const std::size_t count = ufo_count(region);
    must(ufo_touch(region, 0, count), "touch");
    if (what == "write")
        for (std::size_t i = 0; i < count; i += 512)
            array.elements()[i] = array.elements()[i]; // changed before: what the first store costs is measured elsewhere

    constexpr std::size_t calls = 100'000;
    const auto call_many = [&](std::size_t from) {
        for (std::size_t call = 0, i = from; call < calls; call++, i = (i + 7919) % count) {
            Element element = value_at(i);
            ufo_status status = UFO_OK;
            if (call_is == 't')
                status = ufo_touch(region, i, 1);
            else if (call_is == 'r')
                status = ufo_read(region, i, 1, &element);
            else if (call_is == 'w')
                status = ufo_write(region, i, 1, &element);
            else if ((status = ufo_pin(region, i, 1)) == UFO_OK)
                status = ufo_unpin(region, i, 1);
            if (status != UFO_OK || element != value_at(i))
                die(status != UFO_OK ? ufo_last_error() : "an element is wrong");
        }
    };
    // Rounds without a pause between them, or several threads would hardly meet.
    constexpr std::size_t rounds = 21;
    std::vector<std::vector<double>> times_of(threads);
    std::vector<std::thread> team;
    for (std::size_t thread = 0; thread < threads; thread++)
        team.emplace_back([&, thread] {
            for (std::size_t round = 0; round < rounds; round++) {
                const auto start = Clock::now();
                call_many(thread * count / threads);
                times_of[thread].push_back(microseconds_since(start) / calls);
            }
        });
    std::vector<double> times;
    for (std::size_t thread = 0; thread < threads; thread++) {
        team[thread].join();
        times.insert(times.end(), times_of[thread].begin(), times_of[thread].end());
    }
    record("median_us", quantile(times, 0.5));
    record("p99_us", quantile(times, 0.99));
}
