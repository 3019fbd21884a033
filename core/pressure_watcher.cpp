// SPDX-License-Identifier: MIT
#include "pressure_watcher.hpp"

#include "library_thread.hpp"

#include <algorithm>
#include <chrono>

namespace ufomem {
namespace {

/// Often enough to have given something back a second after memory became short, at some 0.1 ms of the processor's time a look.
constexpr int interval_milliseconds = 250;
/// While the spill has to know: before the room that there is can be used up by what goes to the disk.
constexpr int spill_interval_milliseconds = 50;

/// 0: the budget stays what it is.
PressurePolicy policy_between(std::size_t least, std::size_t most) { return {least != 0 ? std::min(least, most) : most, most}; }

} // namespace

PressureWatcher::PressureWatcher(Engine &engine, std::size_t least)
    : engine_(engine), least_(least), policy_(policy_between(least, engine.budget.bytes()))
{
}

PressureWatcher::~PressureWatcher()
{
    if (!thread_.joinable())
        return;
    ending_.store(true);
    alarm_->stop();
    thread_.join();
}

Status PressureWatcher::start()
{
    Result<kernel::PressureAlarm> alarm = kernel::PressureAlarm::make();
    if (!alarm.ok())
        return alarm.status();
    alarm_ = std::move(*alarm);
    if (least_ != 0)
        for (const std::string &file : kernel::pressure_files())
            alarm_->watch(file);
    try {
        thread_ = start_library_thread("ufomem-pressure", &engine_, [this] { run(); });
    } catch (const std::system_error &) {
        return fail(Code::limit, "no thread to watch memory pressure: too many threads; raise the limit, or leave out "
                                 "ufo_core_config_set_least_budget");
    }
    return {};
}

Status PressureWatcher::set_budget(std::size_t bytes) noexcept
{
    const std::lock_guard lock(changing_); // signals are held back by the caller
    Status status = engine_.frames.set_budget(bytes);
    if (status.ok())
        policy_ = policy_between(least_, bytes);
    return status;
}

void PressureWatcher::run() noexcept
{
    using Clock = std::chrono::steady_clock;
    for (Clock::time_point next = Clock::now();;) {
        const bool for_spill = engine_.spill.heeds();
        const kernel::PressureAlarm::Event event = alarm_->wait(for_spill ? spill_interval_milliseconds : interval_milliseconds);
        if (event == kernel::PressureAlarm::Event::stopped || ending_.load())
            return;
        if (for_spill)
            engine_.spill.heed(kernel::available_memory());
        if (event != kernel::PressureAlarm::Event::pressure && Clock::now() < next)
            continue;
        next = Clock::now() + std::chrono::milliseconds(interval_milliseconds);
        try {
            if (has_something_to_do())
                look();
        } catch (...) { // no memory for the figures: the next look may have it
        }
    }
}

bool PressureWatcher::has_something_to_do() noexcept
{
    const std::lock_guard lock(changing_);
    return engine_.budget.used() > policy_.least() || engine_.budget.bytes() < policy_.most();
}

void PressureWatcher::look()
{
    const std::vector<kernel::MemoryRoom> rooms = figures_.look(std::chrono::steady_clock::now());
    const std::lock_guard lock(changing_);
    const std::size_t before = engine_.budget.bytes();
    const auto wanted = static_cast<std::size_t>(policy_.next_budget(rooms, before, engine_.budget.used()));
    if (wanted < before)
        lower(wanted);
    else if (wanted > before && engine_.frames.set_budget(wanted).ok())
        engine_.log(LogLevel::debug, "there is memory again: the budget goes up from %zu to %zu bytes", before, wanted);
}

void PressureWatcher::lower(std::size_t wanted) noexcept
{
    const std::size_t before = engine_.budget.bytes();
    bool done = engine_.frames.set_budget(wanted).ok();
    if (!done) { // what is pinned, or cannot be stored, stays; what could go has gone, and is not to come back
        wanted = std::max(wanted, engine_.budget.used());
        done = wanted < before && engine_.frames.set_budget(wanted).ok();
    }
    if (done)
        engine_.log(LogLevel::info, "memory is short: the budget goes down from %zu to %zu bytes", before, wanted);
    else if (!failing_)
        engine_.log(LogLevel::warning,
                    "memory is short, and nothing can leave: all that is in use is pinned, or cannot be stored");
    failing_ = !done;
}

} // namespace ufomem
