// SPDX-License-Identifier: MIT
// Makes room: lets the oldest resident chunks leave, in batches of neighbours.
#pragma once

#include "engine.hpp"
#include "reclaimer.hpp"

#include <atomic>

namespace ufomem {

class Evictor final : public Reclaimer {
  public:
    explicit Evictor(Engine &engine) : engine_(engine) {}

    Outcome reclaim(std::size_t bytes) override;

  private:
    Engine &engine_;
    std::atomic<unsigned> at_work_{0};
};

} // namespace ufomem
