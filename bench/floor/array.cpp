// SPDX-License-Identifier: MIT
// Floor: a lazy array under a budget made with bare system calls, by COPY or by MOVE.  One kind of use, no features, no safety.

#include "common/orders.hpp"
#include "floor/copy.hpp"
#include "floor/move.hpp"
#include "floor/readers.hpp"
#include "floor/signals.hpp"

#include <algorithm>

using namespace bench;

template <class Install> static void measure(Options &options)
{
    const Order order(options);
    const std::size_t bytes = options.size("size", std::size_t{2} << 30);
    const std::size_t budget = options.size("budget", bytes / 4);
    const std::size_t chunk = options.size("chunk", 1 << 20);
    const auto readers = static_cast<unsigned>(options.size("readers", std::max(1U, std::thread::hardware_concurrency())));
    const bool by_signal = options.text("by", "readers") == "signal";
    const Source source(options.text("file", ""));
    options.finish();

    Team team(order.threads);
    const HighWater high_water;
    const Mapping array(bytes);
    const Userfault userfault(Install::features | (by_signal ? UFFD_FEATURE_SIGBUS : 0));
    Install install(userfault, source, array.data(), bytes, chunk, budget);
    const auto answer = [&](std::uintptr_t address) {
        install.answer((address - reinterpret_cast<std::uintptr_t>(array.data())) / chunk);
    };
    if (by_signal)
        answer_by_signal(answer);
    else
        start_readers(userfault, readers, {ReaderPlace::each, 0}, answer);
    record_order(order, {reinterpret_cast<Element *>(array.data()), bytes / sizeof(Element)}, budget, team, high_water);
    std::fflush(stdout);
    std::_Exit(EXIT_SUCCESS); // the readers are blocked in the kernel
}

int main(int argc, char **argv)
{
    Options options(argc, argv);
    if (options.text("install", "copy") == "move")
        measure<MoveInstall>(options);
    else
        measure<CopyInstall>(options);
}
