// SPDX-License-Identifier: MIT
// The most memory that the process had resident, by the kernel's own high-water mark (VmHWM): no moment escapes it, and no thread
// that samples takes time from what is measured.  Besides anonymous and shared memory it counts code and mapped files.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace bench {

class HighWater {
  public:
    /// What the process has resident now is not counted.
    HighWater()
    {
        const int control = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
        if (control >= 0) {
            [[maybe_unused]] const ssize_t ignored = write(control, "5", 1); // begins a new mark
            close(control);
        }
        baseline_ = field("VmRSS:");
    }

    [[nodiscard]] std::uint64_t growth() const
    {
        const std::uint64_t peak = field("VmHWM:");
        return peak > baseline_ ? peak - baseline_ : 0;
    }

  private:
    static std::uint64_t field(const std::string &name)
    {
        std::ifstream status("/proc/self/status");
        for (std::string line; std::getline(status, line);)
            if (line.rfind(name, 0) == 0)
                return std::stoull(line.substr(name.size())) * 1024;
        return 0;
    }

    std::uint64_t baseline_;
};

} // namespace bench
