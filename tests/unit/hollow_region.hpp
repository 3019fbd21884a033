// SPDX-License-Identifier: MIT
// A region that has no memory and does nothing but end: what a handle needs to stand for.
#pragma once

#include "unit/unit.hpp"

#include "backing/shared.hpp"
#include "region.hpp"
#include "sources/zero.hpp"

#include <memory>

namespace ufomem::unit {

class HollowRegion {
  public:
    explicit HollowRegion(RegionHandle &handle) : engine_({}, 1 << 20, 88, 100, nullptr, "/nowhere")
    {
        auto geometry = std::make_unique<const Geometry>(*Geometry::make({.count = 1, .element_size = 1}));
        auto backing = std::make_unique<SharedBacking>(*geometry, engine_.frames, false);
        Region::Options options;
        options.source = std::make_shared<ZeroSource>();
        region_ =
            std::make_unique<Region>(engine_, std::move(geometry), std::move(options), std::move(backing), handle);
        region_->set_end([this] { ends_.fetch_add(1); });
    }
    Region *get() const { return region_.get(); }
    /// How often it was ended: once is right.
    int ends() const { return ends_.load(); }

  private:
    Engine engine_;
    std::unique_ptr<Region> region_;
    std::atomic<int> ends_{0};
};

} // namespace ufomem::unit
