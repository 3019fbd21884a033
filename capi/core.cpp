// SPDX-License-Identifier: MIT
// ufo_core_config and ufo_core.
#include "glance.hpp"
#include "handles.hpp"
#include "immortal.hpp"

#include <algorithm>
#include <cstring>

#include <pthread.h>

using namespace ufomem;
using namespace ufomem::capi;

namespace {

struct DefaultCore {
    std::mutex mutex;
    ufo_core *handle = nullptr; // guarded by mutex
};

DefaultCore &default_core() noexcept
{
    static Immortal<DefaultCore> one;
    return one.get();
}

void lock_all()
{
    default_core().mutex.lock();
    cores().lock();
    configs().lock();
    core_configs().lock();
    region_handles().lock();
    residencies().lock();
    lock_service_handles();
}

void unlock_all()
{
    unlock_service_handles();
    residencies().unlock();
    region_handles().unlock();
    core_configs().unlock();
    configs().unlock();
    cores().unlock();
    default_core().mutex.unlock();
}

/// A child may fork off while another thread holds a lock of ours, or is inside: it gets them free, and has that thread no more.
void unlock_in_child()
{
    WaitGraph::of_process().forget_other_threads();
    SignalDelivery::forget_other_threads();
    Glances::forget_other_threads();
    unlock_all();
}

[[maybe_unused]] const int fork_handlers = pthread_atfork(lock_all, unlock_all, unlock_in_child);

/// Applies a change to a live config.
template <class Change> ufo_status configure(ufo_core_config *config, Change change) noexcept
{
    return guarded([&]() -> Status {
        if (Status status = check(config, "core config"); !status.ok())
            return status;
        return change(config->options);
    });
}

bool is_default(const ufo_core *handle) noexcept
{
    const std::lock_guard lock(default_core().mutex);
    return default_core().handle == handle;
}

} // namespace

namespace ufomem::capi {

// Never destroyed: handles may be used until the process ends.
HandlePool<ufo_core_config> &core_configs() noexcept
{
    static Immortal<HandlePool<ufo_core_config>> pool;
    return pool.get();
}
HandlePool<ufo_config> &configs() noexcept
{
    static Immortal<HandlePool<ufo_config>> pool;
    return pool.get();
}
HandlePool<ufo_core> &cores() noexcept
{
    static Immortal<HandlePool<ufo_core>> pool;
    return pool.get();
}

Result<std::shared_ptr<Core>> core_or_default(const ufo_core *handle) noexcept
{
    if (!handle)
        handle = ufo_core_default();
    if (!handle)
        return Status{Code::system}; // ufo_core_default() has said why
    return core_of(handle);
}

} // namespace ufomem::capi

extern "C" {

ufo_core_config *ufo_core_config_new(void)
{
    ufo_core_config *config = make_handle(core_configs());
    if (config)
        config->options = Core::Options{};
    return config;
}

void ufo_core_config_free(ufo_core_config *config)
{
    const CancelGuard guard;
    if (!config || !retire(config, "core config"))
        return;
    config->options = Core::Options{};
    core_configs().give(config);
}

ufo_status ufo_core_config_set_budget(ufo_core_config *config, size_t bytes)
{
    return configure(config, [bytes](Core::Options &options) -> Status {
        options.budget = bytes;
        return {};
    });
}

ufo_status ufo_core_config_set_least_budget(ufo_core_config *config, size_t bytes)
{
    return configure(config, [bytes](Core::Options &options) -> Status {
        options.least_budget = bytes;
        return {};
    });
}

ufo_status ufo_core_config_set_watermarks(ufo_core_config *config, uint32_t low_percent, uint32_t high_percent)
{
    return configure(config, [=](Core::Options &options) -> Status {
        if (low_percent == 0 || low_percent >= high_percent || high_percent > 100)
            return fail(Code::invalid,
                        "watermarks %u and %u: percentages of the budget are wanted, 0 < low < high <= 100",
                        low_percent, high_percent);
        options.low_percent = low_percent;
        options.high_percent = high_percent;
        return {};
    });
}

ufo_status ufo_core_config_set_workers(ufo_core_config *config, uint32_t workers)
{
    return configure(config, [=](Core::Options &options) -> Status {
        if (workers < 2 || workers > 1024)
            return fail(Code::invalid, "%u workers: 2 to 1024 are possible", workers);
        options.workers = workers;
        return {};
    });
}

ufo_status ufo_core_config_set_spill_dir(ufo_core_config *config, const char *path)
{
    return configure(config, [=](Core::Options &options) -> Status {
        if (!path || !*path)
            return fail(Code::invalid, "the spill directory is NULL or empty; give the path of a directory");
        options.spill_folder = path;
        return {};
    });
}

ufo_status ufo_core_config_set_log(ufo_core_config *config, ufo_log_fn log, void *user_data, ufo_free_fn free_fn)
{
    return guarded([&]() -> Status {
        Closure<Log::Function> closure(log, user_data, free_fn); // owns user_data from here on, whatever happens
        if (Status status = check(config, "core config"); !status.ok())
            return status;
        if (!log)
            return fail(Code::invalid, "the log function is NULL");
        config->options.log = Log(std::move(closure));
        return {};
    });
}

ufo_status ufo_core_config_set_delivery(ufo_core_config *config, ufo_delivery delivery)
{
    return configure(config, [=](Core::Options &options) -> Status {
        if (delivery < UFO_DELIVERY_AUTO || delivery > UFO_DELIVERY_PROTECT)
            return fail(Code::invalid, "%d is not a delivery", delivery);
        options.delivery = static_cast<Delivery>(delivery);
        return {};
    });
}

ufo_status ufo_core_config_set_features_off(ufo_core_config *config, uint32_t features)
{
    return configure(config, [=](Core::Options &options) -> Status {
        if ((features & ~all_features) != 0)
            return fail(Code::invalid, "0x%x has bits that are not features", features);
        options.features_off = features;
        return {};
    });
}

ufo_core *ufo_core_new(const ufo_core_config *config)
{
    ufo_core *handle = nullptr;
    const ufo_status status = guarded([&]() -> Status {
        if (config)
            if (Status valid = check(config, "core config"); !valid.ok())
                return valid;
        Result<std::shared_ptr<Core>> core = Core::make(config ? config->options : Core::Options{});
        if (!core.ok())
            return core.status();
        handle = own(cores(), std::move(*core));
        return {};
    });
    return status == UFO_OK ? handle : nullptr;
}

void ufo_core_free(ufo_core *handle)
{
    if (!handle)
        return;
    const CancelGuard guard;
    if (!handle->forked() && is_default(handle))
        return (void)fail(
            Code::invalid,
            "the default core lasts as long as the process; make a core of your own with ufo_core_new to free it");
    std::shared_ptr<Core> core = disown(handle, "core");
    if (!core)
        return;
    core->close_all();
    core.reset();
    cores().give(handle);
}

ufo_core *ufo_core_default(void)
{
    DefaultCore &one = default_core();
    const std::lock_guard lock(one.mutex);
    if (!one.handle || one.handle->forked()) // a child has one of its own
        one.handle = ufo_core_new(nullptr);
    return one.handle;
}

ufo_delivery ufo_core_delivery(const ufo_core *handle)
{
    ufo_delivery delivery = UFO_DELIVERY_AUTO;
    const ufo_status status = guarded([&]() -> Status {
        Result<std::shared_ptr<Core>> core = core_of(handle);
        if (core.ok())
            delivery = static_cast<ufo_delivery>((*core)->delivery());
        return core.status();
    });
    return status == UFO_OK ? delivery : status;
}

uint32_t ufo_core_features(const ufo_core *handle)
{
    uint32_t features = 0;
    (void)guarded([&]() -> Status {
        Result<std::shared_ptr<Core>> core = core_of(handle);
        if (core.ok())
            features = (*core)->features().bits();
        return core.status();
    });
    return features;
}

ufo_status ufo_core_set_budget(ufo_core *handle, size_t bytes)
{
    return guarded([&]() -> Status {
        Result<std::shared_ptr<Core>> core = core_of(handle);
        return core.ok() ? (*core)->set_budget(bytes) : core.status();
    });
}

ufo_status ufo_core_stats_get(const ufo_core *handle, ufo_core_stats *stats)
{
    return guarded([&]() -> Status {
        if (!stats || stats->struct_size < sizeof stats->struct_size)
            return fail(Code::invalid,
                        "stats is NULL, or its struct_size is not set; set it to sizeof(ufo_core_stats)");
        Result<std::shared_ptr<Core>> core = core_of(handle);
        if (!core.ok())
            return core.status();
        const Engine &engine = (*core)->engine();
        Counters counters;
        (*core)->count(counters);
        ufo_core_stats all{};
        all.budget_bytes = engine.budget.bytes();
        all.used_bytes = engine.budget.used();
        all.peak_bytes = engine.budget.peak();
        all.spilled_bytes = engine.spill.held_bytes();
        all.regions = (*core)->regions();
        all.workers = (*core)->workers();
        all.faults = counters.faults;
        all.populated_bytes = counters.populated_bytes;
        all.evictions = counters.evictions;
        all.rescues = counters.rescues;
        all.written_back_bytes = counters.written_back_bytes;
        all.spill_written_bytes = counters.spill_written_bytes;
        all.spill_read_bytes = counters.spill_read_bytes;
        all.failures = counters.failures;
        copy_out(all, *stats);
        return {};
    });
}

} // extern "C"
