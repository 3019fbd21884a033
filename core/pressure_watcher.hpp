// SPDX-License-Identifier: MIT
// Has the budget follow memory pressure: a thread that looks at the kernel's figures several times a second, while there is memory to give
// back or to take again, and at once when threads have to wait for memory.  Where there is a limit, it tells the spill what is available, too.
#pragma once

#include "engine.hpp"
#include "kernel/memory_figures.hpp"
#include "kernel/pressure_alarm.hpp"
#include "kernel/thread.hpp"
#include "pressure_policy.hpp"

#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>

namespace ufomem {

class PressureWatcher {
  public:
    /// The budget stays between `least` bytes and what it is now; 0: it does not follow.
    PressureWatcher(Engine &engine, std::size_t least);
    PressureWatcher(const PressureWatcher &) = delete;
    PressureWatcher &operator=(const PressureWatcher &) = delete;
    ~PressureWatcher();

    Status start();

    /// The program's wish: the budget now, and the most from now on.
    Status set_budget(std::size_t bytes) noexcept;

  private:
    void run() noexcept;
    bool has_something_to_do() noexcept;
    void look();
    void lower(std::size_t wanted) noexcept;

    Engine &engine_;
    const std::size_t least_;
    kernel::MemoryFigures figures_;              // the thread's
    std::optional<kernel::PressureAlarm> alarm_; // set before the thread starts
    std::atomic<bool> ending_{false};            // for the thread, which may not hear the alarm
    bool failing_ = false;                       // the thread's: giving back does not succeed, and the log says so

    std::mutex changing_;   // one who changes the budget at a time: the program, or the thread
    PressurePolicy policy_; // guarded by changing_

    kernel::Thread thread_;
};

} // namespace ufomem
