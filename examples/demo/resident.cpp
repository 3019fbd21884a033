// SPDX-License-Identifier: MIT
#include "resident.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>

namespace demo {

namespace {

/// A line of /proc/self/status such as "VmHWM:     1234 kB", in bytes.
std::uint64_t field(const char *text, const char *name)
{
    const char *found = std::strstr(text, name);
    return found == nullptr ? 0 : std::strtoull(found + std::strlen(name), nullptr, 10) * 1024;
}

std::uint64_t above(std::uint64_t value, std::uint64_t baseline)
{
    return value > baseline ? value - baseline : 0;
}

} // namespace

ResidentMeter::ResidentMeter() : status_(open("/proc/self/status", O_RDONLY | O_CLOEXEC))
{
    baseline_ = read();
    restart();
    sampler_ = std::jthread([this](const std::stop_token &stop) {
        while (!stop.stop_requested()) {
            sample();
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    });
}

ResidentMeter::~ResidentMeter()
{
    sampler_ = {}; // ends it
    if (status_ >= 0)
        close(status_);
}

void ResidentMeter::restart()
{
    const int control = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (control >= 0) {
        // 5 resets VmHWM.  Where that is not possible the mark is that of the whole run, which is still true.
        [[maybe_unused]] const ssize_t ignored = write(control, "5", 1);
        close(control);
    }
    peak_ = 0;
    sample();
}

void ResidentMeter::sample()
{
    const std::uint64_t growth = above(read().sampled, baseline_.sampled);
    std::uint64_t peak = peak_;
    while (growth > peak && !peak_.compare_exchange_weak(peak, growth)) {
    }
    last_ = growth;
}

std::uint64_t ResidentMeter::high_water() const
{
    return above(read().high_water, baseline_.all);
}

ResidentMeter::Counts ResidentMeter::read() const
{
    char text[4096];
    const ssize_t length = status_ < 0 ? -1 : pread(status_, text, sizeof(text) - 1, 0);
    text[length < 0 ? 0 : length] = '\0';
    return {field(text, "RssAnon:") + field(text, "RssShmem:"), field(text, "VmRSS:"), field(text, "VmHWM:")};
}

} // namespace demo
