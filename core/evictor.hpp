// SPDX-License-Identifier: MIT
// Makes room: lets the oldest resident chunks leave, in batches of neighbours.
#pragma once

#include "engine.hpp"
#include "reclaimer.hpp"

namespace ufomem {

class Evictor final : public Reclaimer {
  public:
    explicit Evictor(Engine &engine) : engine_(engine) {}

    Outcome reclaim(std::size_t bytes) override;

  private:
    class Failing;
    void reclaim_from(ResidentQueue &queue, std::size_t bytes, Failing &failing, Outcome &outcome);

    Engine &engine_;
};

} // namespace ufomem
