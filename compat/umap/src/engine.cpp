// SPDX-License-Identifier: MIT
#include "engine.hpp"

#include "available_memory.hpp"
#include "log.hpp"
#include "per_process.hpp"
#include "status.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>

#include <signal.h>

namespace compat {
namespace {

using Config = std::unique_ptr<ufo_core_config, decltype(&ufo_core_config_free)>;

std::uint64_t share_of(std::uint64_t free_bytes) { return free_bytes / 10 * 9; }

ufo_core_stats stats_of(const ufo_core *core)
{
    ufo_core_stats stats{};
    stats.struct_size = sizeof stats;
    ufo_core_stats_get(core, &stats);
    return stats;
}

} // namespace

Engine &Engine::of_process() { return PerProcess<Engine>::get(); }

void Engine::read_once()
{
    if (read_)
        return;
    settings_ = settings_from_environment();
    free_share_ = share_of(available_memory());
    read_ = true;
    log(Level::debug, "pages of %zu bytes, %llu in the buffer, fillers %llu, thresholds %d and %d", settings_.page_size,
        static_cast<unsigned long long>(wanted_bytes() / settings_.page_size), static_cast<unsigned long long>(settings_.fillers), settings_.low_percent,
        settings_.high_percent);
}

Settings Engine::settings()
{
    const std::lock_guard lock(mutex_);
    read_once();
    return settings_;
}

std::uint64_t Engine::wanted_bytes() const
{
    const std::uint64_t pages = settings_.buffer_pages != 0 ? std::min(settings_.buffer_pages, free_share_ / settings_.page_size) : free_share_ / settings_.page_size;
    return std::max(pages, least_buffer_pages) * settings_.page_size;
}

void Engine::warn_of_less() const
{
    if (wanted_bytes() / settings_.page_size < settings_.buffer_pages)
        log(Level::warning, "a buffer of %llu pages of %zu bytes is more than nine tenths of the memory that is available: using %llu pages",
            static_cast<unsigned long long>(settings_.buffer_pages), settings_.page_size, static_cast<unsigned long long>(wanted_bytes() / settings_.page_size));
}

std::uint64_t Engine::buffer_pages()
{
    const std::lock_guard lock(mutex_);
    read_once();
    return (core_ ? stats_of(core_).budget_bytes : wanted_bytes()) / settings_.page_size;
}

void Engine::set_buffer_pages(std::uint64_t pages)
{
    if (pages < least_buffer_pages)
        return fail(EINVAL, "a buffer of %llu pages leaves no room to replace a page; use 2 or more", static_cast<unsigned long long>(pages));
    std::uint64_t bytes = 0;
    ufo_core *core = nullptr;
    {
        const std::lock_guard lock(mutex_);
        read_once();
        settings_.buffer_pages = pages;
        bytes = wanted_bytes();
        if ((core = core_))
            warn_of_less();
    }
    // Without the lock: pages may have to leave, and their stores may ask us something.
    if (core && ufo_core_set_budget(core, bytes) != UFO_OK)
        fail_as_ufomem_says("the buffer keeps its size");
}

void Engine::set_page_size(std::uint64_t bytes)
{
    const std::lock_guard lock(mutex_);
    read_once();
    if (!is_page_size(bytes))
        return fail(EINVAL, "a page size of %llu bytes is no multiple of the system's page size", static_cast<unsigned long long>(bytes));
    settings_.page_size = bytes;
}

bool Engine::too_late(const char *name)
{
    fail(EBUSY, "%s: the first region has been made with the old value; call it before", name);
    return false;
}

ufo_core *Engine::core()
{
    const std::lock_guard lock(mutex_);
    read_once();
    if (core_)
        return core_;
    warn_of_less();
    const Config config(ufo_core_config_new(), ufo_core_config_free);
    const auto workers = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(settings_.fillers, 2, 1024));
    if (!config || ufo_core_config_set_budget(config.get(), wanted_bytes()) != UFO_OK
        || ufo_core_config_set_watermarks(config.get(), static_cast<std::uint32_t>(settings_.low_percent), static_cast<std::uint32_t>(settings_.high_percent)) != UFO_OK
        || ufo_core_config_set_workers(config.get(), workers) != UFO_OK || ufo_core_config_set_log(config.get(), log_of_core, nullptr, nullptr) != UFO_OK
        || !(core_ = ufo_core_new(config.get()))) {
        fail_as_ufomem_says("UMap cannot start");
        return nullptr;
    }
    if (settings_.buffer_pages == 0 && settings_.adapt_seconds != 0)
        start_adapting();
    return core_;
}

void Engine::start_adapting()
{
    // Signals are the application's business.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        std::thread([this] {
            for (;;) {
                std::this_thread::sleep_for(std::chrono::seconds(settings().adapt_seconds));
                adapt();
            }
        }).detach();
    } catch (const std::exception &error) {
        log(Level::warning, "the buffer will not follow the memory that is available: %s", error.what());
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

/// The buffer's own memory is there to be used again.
void Engine::adapt()
{
    const std::uint64_t available = available_memory();
    std::uint64_t wanted = 0;
    {
        const std::lock_guard lock(mutex_);
        if (settings_.buffer_pages != 0) // set meanwhile
            return;
        const ufo_core_stats stats = stats_of(core_);
        free_share_ = share_of(available + stats.used_bytes);
        wanted = wanted_bytes();
        const std::uint64_t apart = std::max(wanted, stats.budget_bytes) - std::min(wanted, stats.budget_bytes);
        if (apart < stats.budget_bytes / 100)
            return;
    }
    if (ufo_core_set_budget(core_, wanted) != UFO_OK)
        log(Level::info, "the buffer keeps its size: %s", ufo_last_error());
}

} // namespace compat
