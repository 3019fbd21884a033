// SPDX-License-Identifier: MIT
// The daemon's life: start, signals and the clock, end.  All in the main thread; the library answers clients in threads of its own.
#pragma once

#include "configuration.hpp"
#include "hosting.hpp"
#include "log.hpp"
#include "kernel/memory_figures.hpp"
#include "pressure_policy.hpp"

#include <chrono>
#include <csignal>
#include <optional>

namespace ufod {

class Daemon {
  public:
    /// Serves from now on; throws.  The signals that it waits for are blocked: nobody else may wait for them.
    explicit Daemon(const CommandLine &line);
    /// Returns after a signal that ends it.
    void run();

  private:
    using Clock = std::chrono::steady_clock;

    void reload();
    void look_at_memory();
    void log_stats();
    void show_life();
    bool adapts() const { return configuration_.settings().adapt_interval.count() > 0; }
    bool watched() const { return ping_interval_.count() > 0; }
    /// The next signal, or nothing if `when` comes before.
    std::optional<int> wait(std::optional<Clock::time_point> when) const;
    /// When something is to be done without a signal.
    std::optional<Clock::time_point> next_event() const;
    void do_what_is_due();

    const CommandLine line_;
    const sigset_t signals_;
    const int listening_socket_; ///< that was handed over, or -1
    Configuration configuration_;
    Log log_;
    Hosting hosting_;
    ufomem::PressurePolicy policy_;
    ufomem::kernel::MemoryFigures figures_;
    bool adapting_fails_ = false;                   ///< and the log says so
    Clock::time_point looked_;                      ///< at memory
    const std::chrono::microseconds ping_interval_; ///< 0: nobody watches
    Clock::time_point pinged_;
};

} // namespace ufod
