// SPDX-License-Identifier: MIT
// Yardstick: what one core does with memory that is there already.

#include "common/access.hpp"
#include "common/buffer.hpp"
#include "common/options.hpp"
#include "common/record.hpp"

using namespace bench;

/// Keeps the compiler from dropping work whose result nobody reads.
static void keep(const void *memory)
{
    asm volatile("" : : "r"(memory) : "memory");
}

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const std::size_t bytes = options.size("size", 256 << 20);
    const std::string what = options.text("what", "sum"); // sum, generate, copy
    options.finish();

    const std::size_t count = bytes / sizeof(Element);
    const Buffer from(bytes);
    const Buffer to(what == "copy" ? bytes : 1);

    constexpr int turns = 4;
    double seconds = 0;
    for (int turn = 0; turn < turns; turn++) {
        if (what == "sum") {
            seconds += scan(from.elements());
            continue;
        }
        const auto start = Clock::now();
        if (what == "generate")
            generate(0, count, from.data());
        else
            std::memcpy(to.data(), from.data(), bytes);
        keep(from.data());
        keep(to.data());
        seconds += seconds_since(start);
    }
    record("seconds", seconds);
    record("bytes", std::uint64_t{bytes} * turns);
}
