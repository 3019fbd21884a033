// SPDX-License-Identifier: MIT
// Yardstick: memory for all of it, filled at once, then used.  What a program does that has no budget.

#include "common/access.hpp"
#include "common/options.hpp"
#include "common/record.hpp"
#include "common/trace.hpp"

using namespace bench;

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const std::size_t bytes = options.size("size", std::size_t{2} << 30);
    const std::string order = options.text("order", "scan");
    std::optional<ResidentTrace> trace;
    if (options.flag("trace"))
        trace.emplace();
    options.finish();

    const std::size_t count = bytes / sizeof(Element);
    const auto start = Clock::now();
    auto *array = static_cast<Element *>(std::malloc(bytes));
    if (array == nullptr)
        die("there is not enough memory for all of it");
    generate(0, count, array);
    const double filling = seconds_since(start);
    const double use = order == "write" ? scan_and_write({array, count}) : scan({array, count});
    record("seconds", filling + use);
    record("bytes", std::uint64_t{bytes});
    std::free(array);
}
