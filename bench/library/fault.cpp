// SPDX-License-Identifier: MIT
// Library: what one access of an absent chunk takes, by a plain load, or by ufo_touch() without a fault.

#include "common/latency.hpp"
#include "common/options.hpp"
#include "library/lazy_array.hpp"

using namespace bench;

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const std::size_t chunk = options.size("chunk", 64 << 10);
    const std::size_t faults = options.size("faults", 1000);
    const bool touch = options.text("by", "load") == "touch";
    // Twice of what is touched: nothing has to leave, and what leaving costs is measured elsewhere.
    const LazyArray array(options, faults * latency_spread * chunk, 2 * faults * chunk + (64 << 20));
    options.finish();

    const std::size_t elements = chunk / sizeof(Element);
    const Element *first = array.elements().data();
    record_latency(faults, [&](std::size_t index) {
        if (touch)
            must(ufo_touch(array.region(), index * elements, 1), "touch");
        load(first, index * elements);
    });
    array.record_stats();
}
