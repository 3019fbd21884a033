// SPDX-License-Identifier: MIT
// Faults as signals, answered in the faulting thread itself: SIGSEGV on protected pages (`protect`), or SIGBUS that userfaultfd raises
// (`inline`).  One handler each for the process; what is not ours goes on to the handler that was there before.
#pragma once

#include "../engine.hpp"
#include "../registry.hpp"
#include "../status.hpp"

namespace ufomem {

/// The library's handler for SIGSEGV or SIGBUS, on top of those that are there.
Status install_fault_handler(int signal) noexcept;

class SignalDelivery {
  public:
    SignalDelivery(const Engine &engine, const Registry &registry) : engine_(engine), registry_(registry) {}
    SignalDelivery(const SignalDelivery &) = delete;
    SignalDelivery &operator=(const SignalDelivery &) = delete;
    ~SignalDelivery();

    /// Sees to it that the handler is installed, and lets it look at our regions.
    Status start() noexcept;

    /// In a forked child, where only the thread that forked goes on.
    static void forget_other_threads() noexcept;

    /// The signal by which faults of this core's regions arrive.
    int signal() const;
    const Engine &engine() const { return engine_; }
    const Registry &registry() const { return registry_; }

  private:
    const Engine &engine_;
    const Registry &registry_;
};

} // namespace ufomem
