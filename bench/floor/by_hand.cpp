// SPDX-License-Identifier: MIT
// Yardstick: no lazy array at all.  A loop that fills one hot buffer again and again (by computing, or by pread), uses it, and
// saves what it changed.  What a program does that is written around its memory.

#include "common/buffer.hpp"
#include "common/clock.hpp"
#include "common/options.hpp"
#include "common/record.hpp"
#include "common/source.hpp"

using namespace bench;

/// A file without a name, where a library too would put changed data.
static int open_scratch_file()
{
    const char *directory = std::getenv("UFOMEM_SPILL_DIR");
    if (directory == nullptr)
        directory = std::getenv("TMPDIR");
    std::string path = std::string(directory == nullptr ? "/var/tmp" : directory) + "/ufomem-bench-XXXXXX";
    const int fd = mkstemp(path.data());
    if (fd < 0)
        die_of_errno(path);
    unlink(path.c_str());
    return fd;
}

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const std::size_t bytes = options.size("size", std::size_t{2} << 30);
    const std::size_t chunk = options.size("chunk", 64 << 10);
    const bool writes = options.text("order", "scan") == "write";
    const Source source(options.text("file", ""));
    options.finish();

    const std::size_t elements = chunk / sizeof(Element);
    const Buffer memory(chunk);
    const std::span<Element> buffer = memory.elements();
    const int scratch = writes ? open_scratch_file() : -1;

    const auto start = Clock::now();
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at < bytes; at += chunk) {
        const std::size_t first = at / sizeof(Element);
        source.fill(first, elements, buffer.data());
        for (const Element element : buffer)
            sum += static_cast<std::uint64_t>(element);
        if (!writes)
            continue;
        for (std::size_t i = (10 - first % 10) % 10; i < elements; i += 10)
            buffer[i] = -buffer[i];
        if (pwrite(scratch, buffer.data(), chunk, static_cast<off_t>(at)) != static_cast<ssize_t>(chunk))
            die_of_errno("pwrite");
    }
    record("seconds", seconds_since(start));
    record("bytes", std::uint64_t{bytes});
    if (static_cast<Element>(sum) != expected_sum(bytes / sizeof(Element)))
        die("the sum is wrong");
}
