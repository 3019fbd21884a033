// SPDX-License-Identifier: MIT
// Sleep that ends early when threads have to wait for memory: triggers in the kernel's pressure files (Linux 5.2).
#pragma once

#include "../status.hpp"
#include "file.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ufomem::kernel {

class PressureAlarm {
  public:
    enum class Event : std::uint8_t { time, pressure, stopped };

    static Result<PressureAlarm> make();

    /// Where the kernel does not allow it, or has no such file, the alarm is a clock.  Throws std::bad_alloc.
    void watch(const std::string &pressure_file);
    bool watches() const { return !triggers_.empty(); }

    /// By one thread.
    Event wait(int milliseconds) noexcept;
    /// From then on, every wait ends at once; where the kernel refuses to wait it takes its time, and does not say why it ends.
    void stop() const noexcept;

  private:
    File stop_;
    std::vector<File> triggers_;
};

} // namespace ufomem::kernel
