// SPDX-License-Identifier: MIT
#include "standby.hpp"

#include "../kernel/futex.hpp"
#include "../library_thread.hpp"

namespace ufomem {
namespace {

constexpr long tick_milliseconds = 1;
constexpr long long_sleep_milliseconds = 3'600'000;
constexpr unsigned quiet_ticks_until_sleep = 100;

} // namespace

Status Standby::start(const void *owner) noexcept
{
    try {
        thread_ = start_library_thread("ufomem-standby", owner, [this] { run(); });
    } catch (...) {
        return fail(Code::limit, "cannot start the thread that looks after those who answer faults (ulimit -u?)");
    }
    return {};
}

void Standby::stop() noexcept
{
    if (!thread_.joinable())
        return;
    stopping_.store(true);
    bell_.fetch_add(1);
    kernel::futex_wake_all(bell_);
    thread_.join();
}

void Standby::watch() noexcept
{
    watched_.fetch_add(1);
    if (asleep_.load() && asleep_.exchange(false)) {
        bell_.fetch_add(1);
        kernel::futex_wake_all(bell_);
    }
}

void Standby::call() noexcept
{
    called_.store(true);
    bell_.fetch_add(1);
    kernel::futex_wake_all(bell_);
}

void Standby::run() noexcept
{
    std::uint32_t seen = watched_.load();
    unsigned quiet_ticks = 0;
    for (;;) {
        const std::uint32_t rung = bell_.load();
        if (stopping_.load())
            return;
        if (!called_.load()) // set before the bell is rung, and looked at after it was
            kernel::futex_wait(bell_, rung, asleep_.load() ? long_sleep_milliseconds : tick_milliseconds);
        const bool called = called_.exchange(false);
        if (const std::uint32_t now = watched_.load(); now != seen && !called) {
            seen = now;
            quiet_ticks = 0;
            asleep_.store(false);
            continue;
        }
        // Nobody has begun to be alone since the last look, so if nobody reads now, nobody has for at least a tick.
        if (reading_.load() <= 0) {
            if (!called)
                stepped_in_.store(stepped_in_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
            readers_.add_one();
            quiet_ticks = 0;
            asleep_.store(false); // until there is somebody, it tries again
        } else if (++quiet_ticks >= quiet_ticks_until_sleep) {
            asleep_.store(true);
            if (watched_.load() != seen)
                asleep_.store(false);
        }
    }
}

} // namespace ufomem
