// SPDX-License-Identifier: MIT
// Resident memory over time, for a picture.  A thread looks every few milliseconds: not for runs whose speed is compared.
#pragma once

#include "common/clock.hpp"
#include "common/record.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>

namespace bench {

class ResidentTrace {
  public:
    ResidentTrace() : start_(Clock::now()), baseline_(resident()), thread_([this](const std::stop_token &stop) { run(stop); }) {}
    ResidentTrace(const ResidentTrace &) = delete;
    ResidentTrace &operator=(const ResidentTrace &) = delete;

    /// Records what was seen: "seconds:bytes seconds:bytes ...".
    ~ResidentTrace()
    {
        thread_.request_stop();
        thread_.join();
        record("trace", seen_);
    }

  private:
    static std::size_t resident()
    {
        std::size_t pages = 0;
        if (std::FILE *file = std::fopen("/proc/self/statm", "r")) {
            if (std::fscanf(file, "%*u %zu", &pages) != 1)
                pages = 0;
            std::fclose(file);
        }
        return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    }

    void run(const std::stop_token &stop)
    {
        while (!stop.stop_requested()) {
            const std::size_t now = resident();
            char point[64];
            std::snprintf(point, sizeof(point), "%s%.4f:%zu", seen_.empty() ? "" : " ", seconds_since(start_), now > baseline_ ? now - baseline_ : 0);
            seen_ += point;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }

    const Clock::time_point start_;
    const std::size_t baseline_;
    std::string seen_;
    std::jthread thread_; // last: it uses the others
};

} // namespace bench
