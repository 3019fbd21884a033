// SPDX-License-Identifier: MIT
// Faults as SIGSEGV on protected pages, answered in the faulting thread itself.  One handler for the process; what is not ours goes on to
// the handler that was there before.
#pragma once

#include "../engine.hpp"
#include "../registry.hpp"
#include "../status.hpp"

namespace ufomem {

class ProtectDelivery {
  public:
    ProtectDelivery(const Engine &engine, const Registry &registry) : engine_(engine), registry_(registry) {}
    ProtectDelivery(const ProtectDelivery &) = delete;
    ProtectDelivery &operator=(const ProtectDelivery &) = delete;
    ~ProtectDelivery();

    /// Sees to it that the handler is installed, and lets it look at our regions.
    Status start() noexcept;

    /// In a forked child, where only the thread that forked goes on.
    static void forget_other_threads() noexcept;

    const Engine &engine() const { return engine_; }
    const Registry &registry() const { return registry_; }

  private:
    const Engine &engine_;
    const Registry &registry_;
};

} // namespace ufomem
