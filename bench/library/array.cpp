// SPDX-License-Identifier: MIT
// Library: a lazy array under a budget.  The counterpart of floor/array.cpp, with the same loops.

#include "common/orders.hpp"
#include "common/trace.hpp"
#include "library/lazy_array.hpp"

using namespace bench;

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const Order order(options);
    const std::size_t bytes = options.size("size", std::size_t{2} << 30);
    const std::size_t budget = options.size("budget", bytes / 4);

    Team team(order.threads);
    const HighWater high_water;
    std::optional<ResidentTrace> trace;
    if (options.flag("trace"))
        trace.emplace();
    const LazyArray array(options, bytes, budget);
    options.finish();
    record_order(order, array.elements(), budget, team, high_water);
    array.record_stats();
}
