// SPDX-License-Identifier: MIT
#include "daemon.hpp"

#include "process.hpp"
#include "service_manager.hpp"
#include "statistics.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ufod {
namespace {

/// Threads that are made from now on have them blocked, too.
sigset_t block_awaited_signals()
{
    const sigset_t signals = awaited_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

std::string place(const Settings &settings, int listening_socket)
{
    if (listening_socket < 0)
        return settings.socket.empty() ? ufo_service_path() : settings.socket;
    sockaddr_un address{};
    socklen_t size = sizeof address;
    if (getsockname(listening_socket, reinterpret_cast<sockaddr *>(&address), &size) != 0
        || size <= offsetof(sockaddr_un, sun_path))
        return "the socket that was handed over";
    return std::string(address.sun_path) + ", which was handed over";
}

} // namespace

Daemon::Daemon(const CommandLine &line)
    : line_(line),
      signals_(block_awaited_signals()),
      listening_socket_(service_manager::listening_socket()),
      configuration_(Configuration::load(line)),
      log_(configuration_.settings().log_target, configuration_.settings().log_level),
      hosting_(configuration_.settings(), listening_socket_, log_),
      policy_(hosting_.range().least, hosting_.range().most),
      looked_(Clock::now()),
      ping_interval_(service_manager::watchdog() / 2),
      pinged_(looked_)
{
    const Settings &settings = configuration_.settings();
    for (const std::string &warning : configuration_.warnings())
        log_.warning(warning);
    if (const std::vector<std::string> failures = hosting_.publish(settings.publications); !failures.empty())
        throw std::runtime_error(failures.front());
    hosting_.admit();
    figures_.look(looked_);
    log_.info("Listening at " + place(settings, listening_socket_) + "; budget " + readable_size(hosting_.range().most)
              + (adapts() ? ", at least " + readable_size(hosting_.range().least) + " under memory pressure." : "."));
}

void Daemon::run()
{
    service_manager::ready();
    for (;;) {
        const std::optional<int> signal = wait(next_event());
        if (signal == SIGHUP) {
            reload();
        } else if (signal == SIGUSR1) {
            log_stats();
        } else if (signal) {
            service_manager::stopping();
            log_.info("Ending.");
            // Should that take too long for somebody, a second signal ends the process as it stands.
            pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
            return;
        }
        do_what_is_due();
    }
}

std::optional<Daemon::Clock::time_point> Daemon::next_event() const
{
    std::optional<Clock::time_point> next;
    if (adapts())
        next = looked_ + configuration_.settings().adapt_interval;
    if (watched())
        next = next ? std::min(*next, Clock::time_point(pinged_ + ping_interval_)) : pinged_ + ping_interval_;
    return next;
}

std::optional<int> Daemon::wait(std::optional<Clock::time_point> when) const
{
    for (;;) {
        timespec left{};
        if (when) {
            const auto nanoseconds =
                std::max(std::chrono::nanoseconds(*when - Clock::now()), std::chrono::nanoseconds(0)).count();
            left = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
        }
        const int signal = sigtimedwait(&signals_, nullptr, when ? &left : nullptr);
        if (signal > 0)
            return signal;
        if (errno == EAGAIN)
            return std::nullopt;
    }
}

void Daemon::do_what_is_due()
{
    const Clock::time_point now = Clock::now();
    if (adapts() && now >= looked_ + configuration_.settings().adapt_interval) {
        looked_ = now;
        look_at_memory();
    }
    if (watched() && now >= pinged_ + ping_interval_) {
        pinged_ = now;
        show_life();
    }
}

void Daemon::look_at_memory()
{
    const ufo_server_stats stats = hosting_.stats();
    const std::uint64_t wanted = policy_.next_budget(figures_.look(looked_), stats.budget_bytes, stats.used_bytes);
    if (wanted == stats.budget_bytes)
        return;
    try {
        hosting_.set_budget(wanted);
        adapting_fails_ = false;
        log_.info(std::string(wanted < stats.budget_bytes ? "Memory is short: the budget goes down from "
                                                          : "There is memory again: the budget goes up from ")
                  + readable_size(stats.budget_bytes) + " to " + readable_size(wanted) + '.');
    } catch (const std::runtime_error &why) {
        if (!std::exchange(adapting_fails_, true))
            log_.warning("The budget does not follow memory pressure for now: " + std::string(why.what()));
    }
}

void Daemon::reload()
{
    service_manager::reloading();
    try {
        Configuration configuration = Configuration::load(line_);
        for (const std::string &warning : configuration.warnings())
            log_.warning(warning);
        for (const Setting *setting : configuration.differences(configuration_))
            if (setting->when == Setting::at_start)
                log_.warning(std::string(setting->name) + " has changed; that takes effect at the next start.");
        const Settings &settings = configuration.settings();
        hosting_.change_range(settings);
        policy_ = ufomem::PressurePolicy(hosting_.range().least, hosting_.range().most);
        log_.set_level(settings.log_level);
        for (const std::string &failure : hosting_.publish(settings.publications))
            log_.error(failure);
        configuration_ = std::move(configuration);
        log_.info("Reloaded; budget " + readable_size(hosting_.range().most) + ".");
    } catch (const std::runtime_error &why) {
        log_.error("Not reloaded, everything stays as it was: " + std::string(why.what()));
    }
    service_manager::ready();
}

void Daemon::log_stats() { log_.info(stats_line(hosting_.stats())); }

/// Asks the server first: one whose locks are stuck shall not be taken for alive.
void Daemon::show_life()
{
    hosting_.stats();
    service_manager::alive();
}

} // namespace ufod
