// SPDX-License-Identifier: MIT
#include "runner/machine.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>

namespace bench {

namespace {

/// What stands after "key :" in a file of such lines; "" if there is none.
std::string field(const char *path, const std::string &key)
{
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(':');
        if (line.rfind(key, 0) == 0 && colon != std::string::npos && colon + 2 <= line.size())
            return line.substr(colon + 2);
    }
    return "";
}

std::string first_line(const char *path)
{
    std::string line;
    std::getline(std::ifstream(path), line);
    return line;
}

std::string time_now()
{
    char text[32];
    const std::time_t now = std::time(nullptr);
    std::tm utc = {};
    std::strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    return text;
}

} // namespace

Facts machine_facts()
{
    utsname kernel = {};
    uname(&kernel);
    const double pages = static_cast<double>(sysconf(_SC_PHYS_PAGES));
    char memory[32];
    std::snprintf(memory, sizeof(memory), "%.1f GiB", pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 30));
    std::string cpu = field("/proc/cpuinfo", "model name");
    const bool virtual_machine = (" " + field("/proc/cpuinfo", "flags") + " ").find(" hypervisor ") != std::string::npos;

    return {{"time", time_now()},
            {"cpu", cpu.empty() ? kernel.machine : cpu},
            {"cpus", std::to_string(sysconf(_SC_NPROCESSORS_ONLN))},
            {"memory", memory},
            {"kernel", std::string(kernel.sysname) + " " + kernel.release + " " + kernel.machine},
            {"virtual_machine", virtual_machine ? "yes" : "not known to be"},
            {"load_before", std::to_string(load_average()).substr(0, 4)},
            {"huge_pages", first_line("/sys/kernel/mm/transparent_hugepage/enabled")}};
}

double load_average()
{
    double load = 0;
    return getloadavg(&load, 1) == 1 ? load : 0;
}

} // namespace bench
