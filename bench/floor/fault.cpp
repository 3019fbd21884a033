// SPDX-License-Identifier: MIT
// Floor: one fault at a time.  Threads that block in read(), or the faulting thread in its signal handler, compute the chunk and UFFDIO_COPY it in.

#include "common/buffer.hpp"
#include "common/latency.hpp"
#include "common/options.hpp"
#include "floor/readers.hpp"
#include "floor/signals.hpp"

using namespace bench;

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const std::size_t chunk = options.size("chunk", 64 << 10);
    const std::size_t faults = options.size("faults", 1000);
    const auto readers = static_cast<unsigned>(options.size("readers", 1));
    const std::string cpu = options.text("reader-cpu", "any"); // any, same, other: than the faulting thread's; each: one for each reader
    const std::size_t touched = faults * latency_spread * chunk;
    const std::size_t bytes = options.size("size", touched);
    const bool by_signal = options.text("by", "readers") == "signal";
    options.finish();

    ReaderPlace place;
    if (cpu == "same" || cpu == "other") {
        pin_this_thread(0);
        place = {ReaderPlace::one, cpu == "same" ? 0 : 1};
    } else if (cpu == "each") {
        place = {ReaderPlace::each, 0};
    }

    const Mapping array(bytes);
    const Userfault userfault(by_signal ? UFFD_FEATURE_SIGBUS : 0);
    userfault.watch(array.data(), bytes, UFFDIO_REGISTER_MODE_MISSING);

    const std::size_t elements = chunk / sizeof(Element);
    const auto answer = [&](std::uintptr_t address) {
        thread_local const Buffer staging(chunk);
        const std::size_t index = (address - reinterpret_cast<std::uintptr_t>(array.data())) / chunk;
        generate(index * elements, elements, staging.data());
        (void)userfault.copy(array.data() + index * chunk, staging.data(), chunk);
    };
    if (by_signal)
        answer_by_signal(answer);
    else
        start_readers(userfault, readers, place, answer);

    const std::size_t spread = bytes / touched; // chunks from one that may be touched to the next
    const auto *element = reinterpret_cast<const Element *>(array.data());
    record_latency(faults, [&](std::size_t index) { load(element, index * spread * elements); });
    std::fflush(stdout);
    std::_Exit(EXIT_SUCCESS); // the readers are blocked in the kernel
}
