// SPDX-License-Identifier: MIT
#include "core.hpp"

#include "backing/private.hpp"
#include "backing/served.hpp"
#include "backing/shared.hpp"
#include "immortal.hpp"
#include "kernel/memory_figures.hpp"
#include "library_thread.hpp"
#include "signal_guard.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace ufomem {
namespace {

std::string spill_folder(const std::string &wanted)
{
    if (!wanted.empty())
        return wanted;
    for (const char *name : {"UFOMEM_SPILL_DIR", "TMPDIR"})
        if (const char *value = std::getenv(name); value && *value)
            return value;
    return "/var/tmp"; // on disk: /tmp is often memory
}

Result<Delivery> wanted_delivery(Delivery configured)
{
    if (configured != Delivery::automatic)
        return configured;
    const char *const told = std::getenv("UFOMEM_DELIVERY");
    const std::string value = told ? told : "";
    if (value.empty() || value == "auto")
        return Delivery::automatic;
    if (value == "thread")
        return Delivery::thread;
    if (value == "inline")
        return Delivery::in_line;
    if (value == "protect")
        return Delivery::protect;
    return fail(Code::invalid, "UFOMEM_DELIVERY is '%s'; use auto, thread, inline or protect", value.c_str());
}

/// Where a region has to be mapped so that element 0 lies at `address`; null: anywhere.
Result<void *> start_of(const Geometry &geometry, void *address)
{
    if (!address)
        return nullptr;
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    if (wanted <= geometry.header_bytes() || wanted >= Geometry::address_space
        || geometry.mapped_body_bytes() > Geometry::address_space - wanted)
        return fail(Code::address,
                    "address %p: %zu bytes before it and %zu bytes from it on do not lie in the address space", address,
                    geometry.header_bytes(), geometry.mapped_body_bytes());
    return static_cast<std::byte *>(address) - geometry.header_bytes();
}

std::size_t default_budget() { return std::max<std::size_t>(kernel::available_memory() / 2, 1024 * 1024); }

} // namespace

HandlePool<RegionHandle> &region_handles() noexcept
{
    static Immortal<HandlePool<RegionHandle>> pool;
    return pool.get();
}

Result<std::shared_ptr<Core>> Core::make(const Options &options)
{
    std::shared_ptr<Core> core(new Core, destroy);
    if (Status status = core->open(options); !status.ok())
        return status;
    return core;
}

Status Core::open(const Options &options)
{
    Result<Delivery> delivery = wanted_delivery(options.delivery);
    if (!delivery.ok())
        return delivery.status();
    Result<std::uint32_t> features_off = parse_features(std::getenv("UFOMEM_FEATURES_OFF"));
    if (!features_off.ok())
        return features_off.status();
    if (Status status = kernel::can_tell_processes(); !status.ok())
        return status;
    if (*delivery != Delivery::protect) {
        const auto as = *delivery == Delivery::in_line ? kernel::Faults::as_signals : kernel::Faults::as_messages;
        Result<kernel::Userfaultfd> faults =
            kernel::Userfaultfd::open(pagemap_, options.features_off | *features_off, as, kernel::Unmapping::reported);
        if (faults.ok())
            faults_ = std::make_unique<kernel::Userfaultfd>(std::move(*faults));
        else if (*delivery != Delivery::automatic)
            return faults.status();
    }
    const kernel::Userfaultfd *pool =
        faults_ && faults_->features().has(feature_move) && faults_->features().has(feature_write_protect)
            ? faults_.get()
            : nullptr;
    engine_ =
        std::make_unique<Engine>(options.log, options.budget != 0 ? options.budget : default_budget(),
                                 options.low_percent, options.high_percent, pool, spill_folder(options.spill_folder));
    evictor_ = std::make_unique<Evictor>(*engine_);
    engine_->frames.set_reclaimer(*evictor_);
    prefetcher_ = std::make_unique<Prefetcher>(engine_->heap);
    engine_->ahead = prefetcher_.get();
    if (Status status = start_delivery(options, *delivery); !status.ok())
        return status;
    const bool adapts = options.least_budget != 0;
    if (!adapts && !engine_->spill.limited())
        return {};
    watcher_ = std::make_unique<PressureWatcher>(*engine_, options.least_budget);
    Status status = watcher_->start();
    return adapts ? status : Status{}; // a spill that is told nothing does without the page cache
}

Status Core::start_delivery(const Options &options, Delivery wanted)
{
    if (faults_ && wanted != Delivery::in_line) {
        thread_ = std::make_unique<ThreadDelivery>(*engine_, *faults_, registry_, options.workers);
        faults_->set_readers(thread_.get());
        return thread_->start();
    }
    engine_->delivery = faults_ ? Delivery::in_line : Delivery::protect;
    if (!faults_)
        engine_->log(LogLevel::info, "no userfaultfd: using page protection");
    if (faults_ && faults_->unmapping() == kernel::Unmapping::reported) {
        unmapping_ = std::make_unique<UnmappingReader>(*faults_, registry_);
        if (Status status = unmapping_->start(engine_.get()); !status.ok())
            return status;
    }
    signal_ = std::make_unique<SignalDelivery>(*engine_, registry_);
    return signal_->start();
}

Core::~Core()
{
    if (prefetcher_)
        prefetcher_->stop();
    watcher_.reset();
    // Whoever unmaps what is watched waits for a reader: there are none from here on, so nothing is watched any more.
    if (thread_)
        thread_->stop();
    if (unmapping_)
        unmapping_->stop();
    if (faults_)
        faults_->close();
}

/// The last region may end in a thread of the core's own, which cannot wait for itself.
void Core::destroy(Core *core) noexcept
{
    const void *owner = works_for();
    if (owner && core->engine_ && (owner == core->engine_.get() || owner == core->prefetcher_.get())) {
        try {
            start_parting_thread("ufomem-end", [core] { delete core; });
        } catch (...) { // no thread to be had: the core stays
        }
        return;
    }
    delete core;
}

Result<std::unique_ptr<Backing>> Core::new_backing(const Geometry &geometry, const RegionRequest &request, void *start)
{
    if (request.audience) {
        if (!faults_)
            return fail(Code::unsupported, "memory is served to other processes by userfaultfd only; make the core "
                                           "with another delivery than protect");
        if (!faults_->features().has(feature_poison))
            return fail(Code::unsupported,
                        "memory is served to other processes from Linux 6.6 on, which can tell them of failures");
        auto backing = std::make_unique<ServedBacking>(geometry, engine_->frames, *faults_, pipes_, request.audience);
        if (Status status = backing->map(start); !status.ok())
            return status;
        return std::unique_ptr<Backing>(std::move(backing));
    }
    if (faults_) {
        auto backing =
            std::make_unique<PrivateBacking>(geometry, engine_->frames, *faults_, pagemap_, request.options.read_only);
        if (Status status = backing->map(start); !status.ok())
            return status;
        return std::unique_ptr<Backing>(std::move(backing));
    }
    auto backing = std::make_unique<SharedBacking>(geometry, engine_->frames, request.options.read_only);
    if (Status status = backing->map(start); !status.ok())
        return status;
    return std::unique_ptr<Backing>(std::move(backing));
}

Result<RegionHandle *> Core::new_region(RegionRequest request)
{
    if (request.delivery != Delivery::automatic && request.delivery != delivery())
        return fail(Code::unsupported, "the region wants another delivery than its core has; make a core with that "
                                       "delivery (ufo_core_config_set_delivery)");
    request.options.read_only |= request.audience != nullptr;
    request.geometry.page_size = kernel::page_size();
    Result<Geometry> made = Geometry::make(request.geometry);
    if (!made.ok())
        return made.status();
    auto geometry = std::make_unique<const Geometry>(*made);
    request.options.source->prepare(*geometry);
    // A copy needs the frame that it is made from and the one that it makes.
    const std::size_t scratch = request.options.source->scratch_bytes(*geometry, geometry->data_of(ChunkIndex{0}));
    const std::size_t least = geometry->header_bytes() + (faults_ ? 2 : 1) * geometry->chunk_bytes() + scratch;
    if (least > engine_->budget.bytes())
        return fail(Code::budget,
                    "a chunk of %zu bytes needs %zu bytes of memory, more than the budget of %zu; use smaller chunks, "
                    "or raise the budget",
                    geometry->chunk_bytes(), least, engine_->budget.bytes());

    Result<void *> start = start_of(*geometry, request.address);
    if (!start.ok())
        return start.status();
    evictor_->prepare();
    prefetcher_->prepare();
    const SignalGuard guard; // the charge for a header may ask chunks to leave
    Result<std::unique_ptr<Backing>> backing = new_backing(*geometry, request, *start);
    if (!backing.ok())
        return backing.status();
    RegionHandle *handle = region_handles().take();
    std::unique_ptr<Region> region;
    try {
        region = std::make_unique<Region>(*engine_, std::move(geometry), std::move(request.options),
                                          std::move(*backing), *handle);
        Status status = region->make_tables();
        if (status.ok()) {
            const GuardedLock lock(regions_mutex_);
            const std::uint64_t number = next_number_++;
            region->set_end([core = shared_from_this(), ending = region.get(), number] { core->bury(ending, number); });
            if (closed_) {
                status = fail(Code::closed, "the core is being freed");
            } else {
                regions_.emplace(number, region.get());
                handle->open(region.get()); // before anybody who frees the core can look at it
                handle->stay(1);            // until it can be found by address
            }
        }
        if (status.ok()) {
            const Region &open = *region.release(); // ends by its handle from now on
            status = registry_.insert(open.header(), open.body() + open.geometry().mapped_body_bytes(), handle);
            const Failure failure = Failure::of_this_thread(status);
            if (!status.ok() && handle->close())
                handle->leave();
            handle->leave();
            if (!status.ok())
                return failure.report();
            return handle;
        }
        region.reset();
        region_handles().give(handle);
        return status;
    } catch (...) {
        region.reset();
        region_handles().give(handle);
        throw;
    }
}

/// Nobody is inside any more.
void Core::bury(Region *region, std::uint64_t number) noexcept
{
    const SignalGuard guard;
    RegionHandle *handle = &region->handle();
    registry_.erase(region->header());
    {
        const GuardedLock lock(regions_mutex_);
        regions_.erase(number);
        ended_.add(region->counters());
    }
    delete region;
    region_handles().give(handle);
}

void Core::close_all() noexcept
{
    prefetcher_->stop();
    // The newest first: a callback can only use regions that were there before its own.
    for (;;) {
        RegionHandle *handle = nullptr;
        {
            const GuardedLock lock(regions_mutex_);
            closed_ = true;
            const auto open = std::find_if(regions_.rbegin(), regions_.rend(), [](const auto &entry) {
                return entry.second->handle().phase() == Phase::open;
            });
            if (open != regions_.rend())
                handle = &open->second->handle();
        }
        if (!handle)
            return;
        (void)AnyRegion::close(handle);
    }
}

void Core::count(Counters &sum) noexcept
{
    const GuardedLock lock(regions_mutex_);
    sum.add(ended_);
    for (const auto &[number, region] : regions_)
        sum.add(region->counters());
}

RegionHandle *Core::find(const void *address) noexcept
{
    const auto *byte = static_cast<const std::byte *>(address);
    RegionHandle *handle = registry_.find(byte);
    if (!handle)
        return nullptr;
    const RegionVisit region = visit(handle);
    const bool inside = region && byte >= region->header() && byte < region->body() + region->geometry().body_bytes();
    return inside ? handle : nullptr;
}

Status Core::set_budget(std::size_t bytes) noexcept
{
    const SignalGuard guard;
    const std::size_t wanted = bytes != 0 ? bytes : default_budget();
    return watcher_ ? watcher_->set_budget(wanted) : engine_->frames.set_budget(wanted);
}

} // namespace ufomem
