// SPDX-License-Identifier: MIT
// Runs one of the accesses of access.hpp on an array whose chunks come and go, and records its speed.
#pragma once

#include "common/access.hpp"
#include "common/options.hpp"
#include "common/record.hpp"
#include "common/resident.hpp"

namespace bench {

struct Order {
    std::string name;
    std::size_t reads;
    unsigned threads;

    explicit Order(Options &options)
        : name(options.text("order", "scan")), reads(options.size("reads", 10000)),
          threads(static_cast<unsigned>(options.size("threads", 1)))
    {
        if (name != "scan" && name != "again" && name != "after-reads" && name != "write" && name != "random")
            die("--order is scan, again, after-reads, write or random");
        if (threads == 0)
            die("--threads is 1 at least");
    }
};

/// `budget` is the memory that the array may use; the measurement begins when that is in use.  The team has been there before the mark.
inline void record_order(const Order &order, std::span<Element> array, std::size_t budget, Team &team, const HighWater &high_water)
{
    record("bytes", std::uint64_t{array.size_bytes()});
    if (order.name == "random") {
        // Steady state is what counts: fill the budget first.
        const std::size_t page = 4096 / sizeof(Element);
        for (std::size_t i = 0; i < array.size() && i * sizeof(Element) < budget + budget / 8; i += page)
            if (array[i] != value_at(i))
                die("an element is wrong");
        record("reads", std::uint64_t{order.reads});
        record("seconds", random_reads(array, order.reads / order.threads, team));
    } else {
        if (order.name == "again" || order.name == "after-reads")
            scan(array);
        if (order.name == "after-reads") // one in every huge page, on the average
            random_reads(array, array.size_bytes() / (std::size_t{2} << 20), team);
        record("seconds", order.name == "write" ? scan_and_write(array) : scan(array));
    }
    record("budget_bytes", std::uint64_t{budget});
    record("peak_bytes", high_water.growth());
}

} // namespace bench
