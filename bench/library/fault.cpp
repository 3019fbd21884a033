// SPDX-License-Identifier: MIT
// Library: what one access of an absent chunk takes, by a plain load, or by ufo_touch() without a fault.  In one region or many, small
// or far larger than any memory.

#include "common/latency.hpp"
#include "common/options.hpp"
#include "library/lazy_array.hpp"

#include <memory>

using namespace bench;

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const std::size_t chunk = options.size("chunk", 64 << 10);
    const std::size_t faults = options.size("faults", 1000);
    const std::size_t regions = options.size("regions", 1);
    const std::size_t touched = faults * latency_spread * chunk / regions; // of each region, at most
    const std::size_t bytes = options.size("size", touched);
    const bool touch = options.text("by", "load") == "touch";
    // Twice of what is touched: nothing has to leave, and what leaving costs is measured elsewhere.
    const LazyArray array(options, bytes, 2 * faults * chunk + (64 << 20));
    std::vector<ufo *> all = {array.region()};
    while (all.size() < regions)
        all.push_back(array.another(bytes));
    options.finish();

    const std::size_t elements = chunk / sizeof(Element);
    const std::size_t spread = bytes / touched; // chunks from one that may be touched to the next
    record_latency(faults, [&](std::size_t index) {
        ufo *region = all[index % regions];
        const std::size_t element = index / regions * spread * elements;
        if (touch)
            must(ufo_touch(region, element, 1), "touch");
        load(static_cast<const Element *>(ufo_data(region)), element);
    });
    array.record_stats();
}
