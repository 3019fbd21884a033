// SPDX-License-Identifier: MIT
#include "report.hpp"

#include "text.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

namespace demo {

namespace {

std::string machine()
{
    utsname kernel = {};
    uname(&kernel);
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    const auto memory = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    return format("%ld CPU%s, %s of memory, %s %s, %s", cpus, cpus == 1 ? "" : "s", size(memory).c_str(), kernel.sysname,
                  kernel.release, geteuid() == 0 ? "as root" : "as an ordinary user");
}

std::string delivery(const ufo_core *core, std::uint32_t features)
{
    if (ufo_core_delivery(core) != UFO_DELIVERY_THREAD)
        return "by page protection and signals, in the faulting thread (this kernel or this user has no userfaultfd)";
    if ((features & UFO_FEATURE_USERFAULTFD_DEVICE) != 0)
        return "by userfaultfd, through /dev/userfaultfd, answered by worker threads";
    if ((features & UFO_FEATURE_USERFAULTFD_SYSCALL) != 0)
        return "by userfaultfd, through the system call, answered by worker threads";
    return "by userfaultfd in user mode only (system calls on absent memory fail), answered by worker threads";
}

std::string install(std::uint32_t features)
{
    std::string text = (features & UFO_FEATURE_MOVE) != 0 ? "move where it pays (UFFDIO_MOVE), else copy" : "copy";
    text += (features & UFO_FEATURE_WRITE_PROTECT) != 0 ? "; write-protection tells what changed" : "; no write-protection";
    return text;
}

} // namespace

void print_introduction(const Screen &screen, const ufo_core *core, std::uint64_t budget)
{
    const std::uint32_t version = ufo_version();
    const std::uint32_t features = ufo_core_features(core);
    std::printf("\n%s\n\n", screen.bold(format("ufomem %u.%u.%u", version >> 16, version >> 8 & 255, version & 255) +
                                        ": lazy arrays as plain pointers")
                                .c_str());
    std::printf("    machine   %s\n", machine().c_str());
    std::printf("    faults    %s\n", delivery(core, features).c_str());
    std::printf("    install   %s\n", install(features).c_str());
    std::printf("    budget    %s for all arrays together\n\n", size(budget).c_str());
}

void print_table(const Screen &screen, const std::vector<Outcome> &outcomes, std::uint64_t budget)
{
    std::printf("\n%s\n", screen.bold(format("    %-24s %14s %9s %7s  %-19s %10s %10s %9s", "job", "elements", "time", "GB/s",
                                             "peak memory", "faults", "evictions", "spilled"))
                              .c_str());
    std::uint64_t high_water = 0;
    for (const Outcome &one : outcomes) {
        if (one.elements == 0) {
            std::printf("  %s %-24s %14s\n", screen.tick(false).c_str(), one.job.c_str(), "not done");
            continue;
        }
        const std::string speed = one.bytes > 0 ? format("%.2f", static_cast<double>(one.bytes) / one.seconds / 1e9) : "";
        std::printf("  %s %-24s %14s %7.2f s %7s", screen.tick(one.ok).c_str(), one.job.c_str(), grouped(one.elements).c_str(),
                    one.seconds, speed.c_str());
        if (one.lazy) {
            const auto percent = 100 * static_cast<double>(one.peak) / static_cast<double>(budget);
            std::printf("  %-19s %10s %10s %9s", format("%.1f MiB = %.1f %%", static_cast<double>(one.peak) / (1 << 20), percent).c_str(),
                        grouped(one.faults).c_str(), grouped(one.evictions).c_str(), size(one.spilled).c_str());
            high_water = std::max(high_water, one.high_water);
        }
        std::printf("\n");
    }
    std::printf("\n%s\n",
                screen.dim(format("    peak memory: most anonymous and shared memory of this process above that before the first\n"
                                  "    array, by the kernel's count every 2 ms, and its share of the budget; it includes the library's\n"
                                  "    own tables and stacks.  High-water mark, code and mapped files included: %s.\n"
                                  "    1 GB = 10^9 bytes, 1 MiB = 2^20 bytes.",
                                  size(high_water).c_str()))
                    .c_str());
}

} // namespace demo
