// SPDX-License-Identifier: MIT
// Library: how much of what is used again and again is still there after a scan of ten times the budget.

#include "common/access.hpp"
#include "common/options.hpp"
#include "library/lazy_array.hpp"

using namespace bench;

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const std::size_t budget = options.size("budget", std::size_t{64} << 20);
    const bool in_order = options.flag("in-order"); // no read-ahead in what is scanned: what came first leaves first
    const LazyArray array(options, 10 * budget, budget);
    ufo *const hot = array.another(2 * budget);
    options.finish();
    must(ufo_advise(hot, 0, ufo_count(hot), UFO_ADVICE_RANDOM), "advise");
    if (in_order)
        must(ufo_advise(array.region(), 0, ufo_count(array.region()), UFO_ADVICE_RANDOM), "advise");

    // Half of the budget, in chunks here and there, used twice.
    const std::size_t chunk = ufo_chunk(hot);
    const std::size_t chunks = ufo_count(hot) / chunk;
    const std::size_t count = budget / 2 / (chunk * sizeof(Element));
    const auto *elements = static_cast<const Element *>(ufo_data(hot));
    const auto use = [&] {
        for (std::size_t i = 0; i < count; i++) {
            const std::size_t at = i * 7919 % chunks * chunk;
            if (elements[at] != value_at(at))
                die("an element is wrong");
        }
    };
    const auto populated = [&] {
        ufo_stats stats = {};
        stats.struct_size = sizeof(stats);
        must(ufo_stats_get(hot, &stats), "stats");
        return stats.populates;
    };
    use();
    use();
    static_cast<void>(scan(array.elements()));
    const std::uint64_t before = populated();
    use();
    record("percent", 100.0 - 100.0 * static_cast<double>(populated() - before) / static_cast<double>(count));
}
