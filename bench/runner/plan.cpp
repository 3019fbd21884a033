// SPDX-License-Identifier: MIT
#include "runner/plan.hpp"

#include <algorithm>
#include <cstdint>
#include <thread>

namespace bench {

namespace {

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;
constexpr std::size_t library_default = 0;           // leaves the chunk size to the library ...
constexpr std::size_t library_default_is = 64 * KiB; // ... which chooses this

using Arguments = std::vector<std::string>;

Arguments operator+(Arguments left, const Arguments &right)
{
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

std::string chunk_text(std::size_t chunk)
{
    return chunk == library_default ? "default" : size_text(chunk);
}

/// An array with one fault for every 4 KiB would take minutes; an eighth of it says the same.
Scale scale_for(const Scale &scale, std::size_t chunk)
{
    if (chunk != 4 * KiB)
        return scale;
    return {scale.bytes / 8, scale.budget / 8, scale.faults};
}

Arguments array_arguments(const Scale &scale, std::size_t chunk)
{
    return {"--size",  std::to_string(scale.bytes), "--budget", std::to_string(scale.budget),
            "--chunk", std::to_string(chunk)};
}

Case floor_array(const Scale &full, const std::string &install, std::size_t chunk, const Arguments &more)
{
    const Scale scale = scale_for(full, chunk);
    const std::string verb = install == "move" ? "MOVE" : "COPY";
    const std::string huge = install == "move" && chunk >= 2 * MiB ? ", huge pages" : "";
    return {Kind::floor, "userfaultfd " + verb + ", " + size_text(chunk) + huge, "floor-array",
            array_arguments(scale, chunk) + Arguments{"--install", install} + more, scale.budget + 64 * MiB, chunk};
}

Case library_array(const Scale &full, std::size_t chunk, const std::string &remark, const Arguments &more)
{
    const Scale scale = scale_for(full, chunk);
    return {Kind::library, "ufomem, " + chunk_text(chunk) + remark, "library-array",
            array_arguments(scale, chunk) + more, scale.budget + 64 * MiB,
            chunk == library_default ? library_default_is : chunk};
}

Case by_hand(const Scale &scale, std::size_t chunk, const Arguments &more)
{
    return {Kind::yardstick, "by hand, one " + size_text(chunk) + " buffer", "floor-by-hand",
            Arguments{"--size", std::to_string(scale.bytes), "--chunk", std::to_string(chunk)} + more, 64 * MiB, chunk};
}

Case eager(const Scale &scale, const Arguments &more)
{
    return {Kind::yardstick, "malloc, fill, then use (no budget)", "floor-eager",
            Arguments{"--size", std::to_string(scale.bytes)} + more, scale.bytes + 64 * MiB, 0};
}

Group bandwidth()
{
    Group group = {"bandwidth", "Memory of one core, nothing lazy", Unit::gibibytes_per_second, {}};
    for (const char *what : {"sum", "generate", "copy"})
        group.cases.push_back({Kind::yardstick, what, "floor-bandwidth", {"--what", what}, 600 * MiB, 0});
    return group;
}

Group faults(const Scale &scale, std::size_t chunk)
{
    Group group = {"fault-" + std::to_string(chunk / KiB) + "k", "One access of an absent chunk of " + size_text(chunk),
                   Unit::microseconds, {}};
    const std::size_t count = std::clamp<std::size_t>(64 * MiB / chunk, 100, scale.faults);
    const std::size_t memory = count * chunk + 64 * MiB;
    const Arguments common = {"--chunk", std::to_string(chunk), "--faults", std::to_string(count)};
    const auto floor = [&](const char *name, const Arguments &more) {
        group.cases.push_back({Kind::floor, name, "floor-fault", common + more, memory, chunk});
    };
    const auto library = [&](const char *name, const Arguments &more) {
        group.cases.push_back({Kind::library, name, "library-fault", common + more, memory, chunk});
    };
    floor("signal, COPY", {"--by", "signal"});
    floor("1 reader on the same CPU, COPY", {"--readers", "1", "--reader-cpu", "same"});
    floor("1 reader on another CPU, COPY", {"--readers", "1", "--reader-cpu", "other"});
    floor("1 reader anywhere, COPY", {"--readers", "1"});
    floor("a reader on each CPU, COPY", {"--readers", std::to_string(std::thread::hardware_concurrency()), "--reader-cpu", "each"});
    library("ufomem inline, load", {"--by", "load", "--delivery", "inline"});
    library("ufomem, load", {"--by", "load"});
    library("ufomem, load, read-only", {"--by", "load", "--read-only"});
    library("ufomem, ufo_touch then load", {"--by", "touch"});
    return group;
}

/// The same fault among ever more of everything.
Group scaling(const Scale &scale)
{
    Group group = {"scaling", "One access of an absent chunk of 4 KiB, inline", Unit::microseconds, {}};
    const std::size_t count = std::min<std::size_t>(scale.faults, 4000);
    const Arguments common = {"--chunk", "4096", "--faults", std::to_string(count)};
    const auto add = [&](const char *name, const Arguments &more) {
        group.cases.push_back({Kind::library, name, "library-fault", common + Arguments{"--delivery", "inline"} + more,
                               count * 8 * KiB + 64 * MiB, 4 * KiB});
    };
    // The kernel's own share: tables for what lies far apart.
    const auto add_floor = [&](const char *name, const Arguments &more) {
        group.cases.push_back({Kind::floor, name, "floor-fault", common + Arguments{"--by", "signal"} + more, count * 8 * KiB + 64 * MiB, 4 * KiB});
    };
    add_floor("signal, COPY, four times of what is touched", {});
    add_floor("signal, COPY, 1 GiB", {"--size", "1G"});
    add_floor("signal, COPY, 1 TiB", {"--size", "1024G"});
    add("one region, four times of what is touched", {});
    add("one region of 1 GiB", {"--size", "1G"});
    add("one region of 64 GiB", {"--size", "64G"});
    add("one region of 1 TiB", {"--size", "1024G"});
    add("16 regions", {"--regions", "16"});
    add("1000 regions", {"--regions", "1000"});
    return group;
}

Group calls()
{
    Group group = {"calls", "A call on one element that is in memory", Unit::nanoseconds, {}};
    for (const std::string what : {"touch", "read", "write", "pin"})
        for (const char *threads : {"1", "2"})
            group.cases.push_back({Kind::library, "ufo_" + what + (what == "pin" ? ", ufo_unpin" : "") + (*threads == '1' ? "" : ", two threads on one array"),
                                   "library-call", {"--what", what, "--threads", threads}, 64 * MiB, 0});
    return group;
}

Group generated(const Scale &scale)
{
    return {"scan-generated", "Scan of a computed array", Unit::gibibytes_per_second,
            {
                by_hand(scale, 64 * KiB, {}),
                eager(scale, {}),
                floor_array(scale, "copy", 4 * KiB, {}),
                floor_array(scale, "copy", 64 * KiB, {}),
                floor_array(scale, "copy", 1 * MiB, {}),
                floor_array(scale, "move", 4 * KiB, {}),
                floor_array(scale, "move", 64 * KiB, {}),
                floor_array(scale, "move", 1 * MiB, {}),
                floor_array(scale, "move", 2 * MiB, {}),
                library_array(scale, 4 * KiB, "", {}),
                library_array(scale, 64 * KiB, "", {}),
                library_array(scale, 1 * MiB, "", {}),
                library_array(scale, library_default, "", {}),
                library_array(scale, library_default, ", sequential", {"--advice", "sequential"}),
                library_array(scale, library_default, ", read-only", {"--read-only"}),
                library_array(scale, library_default, ", read-only, inline", {"--read-only", "--delivery", "inline"}),
                library_array(scale, library_default, ", read-only, sequential", {"--read-only", "--advice", "sequential"}),
                library_array(scale, 1 * MiB, ", read-only, sequential", {"--read-only", "--advice", "sequential"}),
            }};
}

Group from_file(const Scale &scale, const std::string &path)
{
    const Arguments file = {"--file", path};
    return {"scan-file", "Scan of a file in the page cache", Unit::gibibytes_per_second,
            {
                {Kind::yardstick, "mmap (no budget)", "floor-mmap",
                 Arguments{"--size", std::to_string(scale.bytes)} + file, 64 * MiB, 0},
                by_hand(scale, 64 * KiB, file),
                by_hand(scale, 256 * KiB, file),
                by_hand(scale, 1 * MiB, file),
                floor_array(scale, "copy", 64 * KiB, file),
                floor_array(scale, "copy", 1 * MiB, file),
                floor_array(scale, "move", 64 * KiB, file),
                floor_array(scale, "move", 1 * MiB, file),
                library_array(scale, 4 * KiB, "", file),
                library_array(scale, 64 * KiB, "", file),
                library_array(scale, 1 * MiB, "", file),
                library_array(scale, library_default, "", file),
                library_array(scale, library_default, ", read-only", file + Arguments{"--read-only"}),
                library_array(scale, library_default, ", read-only, inline", file + Arguments{"--read-only", "--delivery", "inline"}),
                library_array(scale, library_default, ", read-only, sequential",
                              file + Arguments{"--read-only", "--advice", "sequential"}),
            }};
}

/// The frames are there, and a part of the array may be; after single reads some of that in small pages.
Group again(const Scale &scale, const std::string &path)
{
    const Arguments order = {"--order", "again"};
    const Arguments after_reads = {"--order", "after-reads"};
    const Arguments file = {"--file", path};
    const Arguments read_only = {"--read-only"};
    const Arguments in_line = {"--delivery", "inline"};
    return {"scan-again", "The second scan of the same array", Unit::gibibytes_per_second,
            {
                floor_array(scale, "move", 1 * MiB, order),
                floor_array(scale, "move", 2 * MiB, order),
                library_array(scale, library_default, "", order),
                library_array(scale, library_default, ", read-only", order + read_only),
                library_array(scale, library_default, ", read-only, inline", order + read_only + in_line),
                library_array(scale, library_default, ", single reads before", after_reads),
                library_array(scale, library_default, ", read-only, single reads before", after_reads + read_only),
                by_hand(scale, 1 * MiB, file),
                library_array(scale, library_default, ", file", order + file),
                library_array(scale, library_default, ", file, read-only", order + file + read_only),
                library_array(scale, library_default, ", file, read-only, inline", order + file + read_only + in_line),
            }};
}

Group random(const Scale &scale, unsigned threads)
{
    Group group = {"random-" + std::to_string(threads),
                   "Random 8-byte reads, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads"),
                   Unit::kiloreads_per_second, {}};
    const auto arguments = [&](std::size_t chunk) {
        const std::size_t reads = std::clamp<std::size_t>(scale.bytes / (chunk + 64 * KiB), 500, 20000);
        return Arguments{"--order", "random", "--threads", std::to_string(threads), "--reads", std::to_string(reads)};
    };
    for (const std::size_t chunk : {4 * KiB, 64 * KiB, 1 * MiB})
        group.cases.push_back(floor_array(scale, "copy", chunk, arguments(chunk)));
    group.cases.push_back(floor_array(scale, "copy", 4 * KiB, arguments(4 * KiB) + Arguments{"--by", "signal"}));
    group.cases.back().name += ", by signal";
    for (const std::size_t chunk : {4 * KiB, 64 * KiB, 1 * MiB})
        group.cases.push_back(library_array(scale, chunk, "", arguments(chunk)));
    group.cases.push_back(library_array(scale, 4 * KiB, ", inline", arguments(4 * KiB) + Arguments{"--delivery", "inline"}));
    group.cases.push_back(library_array(scale, library_default, "", arguments(64 * KiB)));
    group.cases.push_back(library_array(scale, 4 * KiB, ", advice random", arguments(4 * KiB) + Arguments{"--advice", "random"}));
    return group;
}

Group writes(const Scale &scale)
{
    const Arguments order = {"--order", "write"};
    Case reference = by_hand(scale, 64 * KiB, order);
    reference.kind = Kind::floor; // fill, use, save: the least that a changed array under a budget costs
    return {"scan-write", "Scan of a computed array, every 10th element written", Unit::gibibytes_per_second,
            {
                eager(scale, order),
                reference,
                library_array(scale, 4 * KiB, "", order),
                library_array(scale, 64 * KiB, "", order),
                library_array(scale, 1 * MiB, "", order),
                library_array(scale, library_default, "", order),
                library_array(scale, library_default, ", sequential", order + Arguments{"--advice", "sequential"}),
            }};
}

Group hot_set(const Scale &scale)
{
    const Arguments budget = {"--budget", std::to_string(scale.budget), "--read-only"};
    return {"hot-set", "A hot set of half the budget: still there after a scan of ten times the budget", Unit::percent,
            {
                {Kind::library, "ufomem, default", "library-hot-set", budget, scale.budget + 64 * MiB, 0},
                {Kind::library, "what came first leaves first (scan advised random)", "library-hot-set",
                 budget + Arguments{"--in-order"}, scale.budget + 64 * MiB, 0},
            }};
}

Case service(const Scale &scale, const std::string &path, std::size_t clients, const std::string &name, const Arguments &more)
{
    const Arguments common = {"--size", std::to_string(scale.bytes), "--file", path, "--clients", std::to_string(clients)};
    return {Kind::library, std::to_string(clients) + (clients == 1 ? " client" : " clients") + name, "library-service", common + more, scale.bytes + 64 * MiB, 0};
}

/// All clients read all of it, at the same time; of all together.
Group service_scans(const Scale &scale, const std::string &path)
{
    const Arguments all = {"--budget", std::to_string(2 * scale.bytes)};
    Group group = {"service-scan", "Scan of a cached file by several processes", Unit::gibibytes_per_second, {}};
    for (const std::size_t clients : {1U, 2U, 4U, 8U}) {
        Case plain = service(scale, path, clients, ", mmap of shared memory (no budget)", {"--plain"});
        plain.kind = Kind::yardstick;
        group.cases.push_back(plain);
        group.cases.push_back(service(scale, path, clients, ", all is in memory", all + Arguments{"--warm"}));
        for (const std::size_t chunk : {64 * KiB, 1 * MiB})
            group.cases.push_back(service(scale, path, clients, ", " + size_text(chunk) + ", a quarter fits",
                                          {"--budget", std::to_string(scale.budget), "--chunk", std::to_string(chunk)}));
    }
    return group;
}

Group service_reads(const Scale &scale, const std::string &path)
{
    const Arguments reads = {"--reads", "20000"};
    Group group = {"service-random", "Random reads of a cached file by several processes", Unit::kiloreads_per_second, {}};
    for (const std::size_t clients : {1U, 2U, 4U, 8U}) {
        group.cases.push_back(service(scale, path, clients, ", all is in memory", reads + Arguments{"--warm", "--budget", std::to_string(2 * scale.bytes)}));
        for (const std::size_t chunk : {4 * KiB, 64 * KiB})
            group.cases.push_back(service(scale, path, clients, ", " + size_text(chunk) + ", a quarter fits",
                                          reads + Arguments{"--budget", std::to_string(scale.budget), "--chunk", std::to_string(chunk)}));
    }
    return group;
}

/// Who is how long at work with how much memory.  The thread that looks takes its share of the time.
Group traces(const Scale &scale)
{
    const Arguments trace = {"--trace"};
    return {"trace", "Resident memory over time, by a thread that looks every 5 ms", Unit::gibibytes_per_second,
            {
                eager(scale, trace),
                library_array(scale, library_default, ", scan", trace),
                library_array(scale, library_default, ", scan, read-only", trace + Arguments{"--read-only"}),
                library_array(scale, library_default, ", every 10th element written", trace + Arguments{"--order", "write"}),
            }};
}

} // namespace

std::vector<Group> plan(const Scale &scale, const std::string &file)
{
    return {bandwidth(),      faults(scale, 4 * KiB),   faults(scale, 64 * KiB), faults(scale, 1 * MiB),
            scaling(scale),   calls(),          generated(scale),        from_file(scale, file),
            again(scale, file), random(scale, 1),       random(scale, 2),        random(scale, 64),
            writes(scale),    hot_set(scale),          service_scans(scale, file), service_reads(scale, file), traces(scale)};
}

std::string size_text(std::size_t bytes)
{
    if (bytes % (1024 * MiB) == 0)
        return std::to_string(bytes / (1024 * MiB)) + " GiB";
    if (bytes % MiB == 0)
        return std::to_string(bytes / MiB) + " MiB";
    return std::to_string(bytes / KiB) + " KiB";
}

} // namespace bench
