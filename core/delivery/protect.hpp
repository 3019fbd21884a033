// SPDX-License-Identifier: MIT
// Faults as SIGSEGV on protected pages, answered in the faulting thread itself.  One handler for the process; what is not ours goes on to
// the handler that was there before.
#pragma once

#include "../registry.hpp"
#include "../status.hpp"

namespace ufomem {

class ProtectDelivery {
  public:
    explicit ProtectDelivery(const Registry &registry) : registry_(registry) {}
    ProtectDelivery(const ProtectDelivery &) = delete;
    ProtectDelivery &operator=(const ProtectDelivery &) = delete;
    ~ProtectDelivery();

    /// Installs the handler if this is the process's first, and lets it look at our regions.
    Status start() noexcept;

    const Registry &registry() const { return registry_; }

  private:
    const Registry &registry_;
};

} // namespace ufomem
