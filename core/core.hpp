// SPDX-License-Identifier: MIT
// A core: one budget, its workers and its regions.  It lives as long as it is open or has regions.
#pragma once

#include "backing/audience.hpp"
#include "delivery/signal.hpp"
#include "delivery/thread.hpp"
#include "delivery/unmapping.hpp"
#include "engine.hpp"
#include "evictor.hpp"
#include "handle_pool.hpp"
#include "kernel/page_pipes.hpp"
#include "kernel/pagemap.hpp"
#include "prefetcher.hpp"
#include "pressure_watcher.hpp"
#include "region.hpp"
#include "registry.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace ufomem {

/// The handles of all regions of the process; never destroyed, as programs may use a handle until they end.
HandlePool<RegionHandle> &region_handles() noexcept;

class Core : public std::enable_shared_from_this<Core> {
  public:
    struct Options {
        std::size_t budget = 0;       ///< 0: half of what is available
        std::size_t least_budget = 0; ///< under memory pressure; 0: the budget stays as it is
        unsigned low_percent = 88;
        unsigned high_percent = 100;
        unsigned workers = 64;
        std::string spill_folder; ///< "": by the environment
        Log log;
        Delivery delivery = Delivery::automatic;
        std::uint32_t features_off = 0;
    };
    struct RegionRequest {
        Geometry::Request geometry;
        Region::Options options;
        void *address = nullptr; ///< of element 0; null: anywhere
        Delivery delivery = Delivery::automatic;
        std::shared_ptr<Audience> audience; ///< of a read-only region that other processes see, too; null for none
    };

    /// Throws std::bad_alloc.
    static Result<std::shared_ptr<Core>> make(const Options &options);
    ~Core();
    Core(const Core &) = delete;
    Core &operator=(const Core &) = delete;

    /// Throws std::bad_alloc.
    Result<RegionHandle *> new_region(RegionRequest request);
    void close_all() noexcept;

    RegionHandle *find(const void *address) noexcept;
    Status set_budget(std::size_t bytes) noexcept;

    Delivery delivery() const { return engine_->delivery; }
    Features features() const { return faults_ ? faults_->features() : Features(0); }
    const Engine &engine() const { return *engine_; }
    /// Adds what happened in all regions, those that have ended, too.
    void count(Counters &sum) noexcept;
    std::size_t regions() const { return registry_.size(); }
    std::size_t workers() const { return thread_ ? thread_->workers() : 0; }

  private:
    Core() = default;
    static void destroy(Core *core) noexcept;
    Status open(const Options &options);
    Status start_delivery(const Options &options, Delivery wanted);
    Result<std::unique_ptr<Backing>> new_backing(const Geometry &geometry, const RegionRequest &request, void *start);
    void bury(Region *region, std::uint64_t number) noexcept;

    // In the order in which they need each other; they end in the opposite one.
    kernel::Pagemap pagemap_;
    std::unique_ptr<kernel::Userfaultfd> faults_; // null: no userfaultfd
    kernel::PagePipes pipes_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Evictor> evictor_;
    std::unique_ptr<Prefetcher> prefetcher_;
    Registry registry_;
    std::unique_ptr<ThreadDelivery> thread_;
    std::unique_ptr<UnmappingReader> unmapping_; // null: the delivery reads what there is to read, or there is nothing
    std::unique_ptr<SignalDelivery> signal_;
    std::unique_ptr<PressureWatcher> watcher_; // null: the budget stays as it is

    std::mutex regions_mutex_;
    // Guarded by regions_mutex_:
    std::map<std::uint64_t, Region *> regions_; // open or closing, in the order of their making
    std::uint64_t next_number_ = 0;
    bool closed_ = false;
    Counters ended_; // of the regions that are gone
};

} // namespace ufomem
