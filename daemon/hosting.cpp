// SPDX-License-Identifier: MIT
#include "hosting.hpp"

#include "command_line.hpp"
#include "kernel/memory_figures.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ufod {
namespace {

Core make_core(const Settings &settings, Log &log)
{
    const CoreConfig config(ufo_core_config_new());
    expect(ufo_core_config_set_budget(config.get(), settings.budget.of(ufomem::kernel::total_memory())), "budget");
    expect(ufo_core_config_set_watermarks(config.get(), settings.low_watermark, settings.high_watermark),
           "low-watermark, high-watermark");
    expect(ufo_core_config_set_log(config.get(), Log::receive, &log, nullptr), "log-target");
    Core core(ufo_core_new(config.get()));
    if (!core)
        throw library_error("The cache cannot be made");
    return core;
}

gid_t group_number(const std::string &name)
{
    gid_t number = 0;
    if (const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
        error == std::errc{} && end == name.data() + name.size())
        return number;
    const group *found = getgrnam(name.c_str());
    if (!found)
        throw UsageError("socket-group: there is no group \"" + name + "\".");
    return found->gr_gid;
}

/// First the group and then the mode, so that at no moment a wrong group may connect.
void give_to_group(const std::string &path, gid_t group, unsigned mode)
{
    const int socket = open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    const std::string same = "/proc/self/fd/" + std::to_string(socket); // chmod for what O_PATH has opened
    const bool done = socket >= 0 && fchownat(socket, "", static_cast<uid_t>(-1), group, AT_EMPTY_PATH) == 0
                      && chmod(same.c_str(), mode) == 0;
    const std::string why = std::strerror(errno);
    if (socket >= 0)
        close(socket);
    if (!done)
        throw std::runtime_error("socket-group: " + path + " cannot be given to the group: " + why + '.');
}

Server make_server(const Settings &settings, ufo_core *core, int listening_socket)
{
    const ServerConfig config(ufo_server_config_new());
    const std::string path = settings.socket.empty() ? ufo_service_path() : settings.socket;
    const bool own_group = !settings.socket_group.empty() && listening_socket < 0;
    const gid_t group = own_group ? group_number(settings.socket_group) : 0;
    if (listening_socket >= 0) {
        expect(ufo_server_config_set_socket(config.get(), listening_socket), "The socket that was handed over");
    } else {
        expect(ufo_server_config_set_path(config.get(), settings.socket.empty() ? nullptr : path.c_str()), "socket");
        expect(ufo_server_config_set_mode(config.get(), own_group ? 0600 : settings.socket_mode), "socket-mode");
    }
    expect(ufo_server_config_set_admit_later(config.get(), true), "The server"); // when there is what it is to publish
    expect(ufo_server_config_set_chunk_bytes(config.get(), settings.chunk_bytes), "chunk");
    for (const std::string &directory : settings.allowed_directories)
        expect(ufo_server_config_allow_directory(config.get(), directory.c_str()), "allow-directory");
    for (std::size_t limit = 0; limit < settings.limits.size(); ++limit)
        expect(ufo_server_config_set_limit(config.get(), static_cast<ufo_server_limit>(limit), settings.limits[limit]),
               "A limit");
    Server server(ufo_server_new(core, config.get()));
    if (!server)
        throw library_error("The server cannot start");
    if (own_group)
        give_to_group(path, group, settings.socket_mode);
    return server;
}

} // namespace

Hosting::Hosting(const Settings &settings, int listening_socket, Log &log)
    : core_(make_core(settings, log)),
      standard_budget_(settings.budget.automatic() ? budget() : 0),
      range_(range_of(settings)),
      server_(make_server(settings, core_.get(), listening_socket)),
      publications_(settings.chunk_bytes)
{
}

void Hosting::admit() { expect(ufo_server_admit(server_.get()), "The server"); }

std::uint64_t Hosting::budget() const
{
    ufo_core_stats stats{};
    stats.struct_size = sizeof stats;
    expect(ufo_core_stats_get(core_.get(), &stats), "The cache's figures");
    return stats.budget_bytes;
}

BudgetRange Hosting::range_of(const Settings &settings) const
{
    const std::uint64_t total = ufomem::kernel::total_memory();
    BudgetRange range;
    range.most = settings.budget.automatic() ? standard_budget_ : settings.budget.of(total);
    range.least = settings.least_budget.automatic() ? range.most / 4 : settings.least_budget.of(total);
    if (range.least > range.most)
        throw UsageError("least-budget (" + readable_size(range.least) + ") is more than the budget ("
                         + readable_size(range.most) + ").");
    return range;
}

void Hosting::change_range(const Settings &settings)
{
    const std::uint64_t before = budget();
    if (settings.budget.automatic() && standard_budget_ == 0) {
        set_budget(0);
        standard_budget_ = budget();
    }
    const BudgetRange range = range_of(settings);
    const bool lowered = settings.adapt_interval.count() > 0 && before < range_.most;
    set_budget(lowered ? std::clamp(before, range.least, range.most) : range.most);
    range_ = range;
}

ufo_server_stats Hosting::stats() const
{
    ufo_server_stats stats{};
    stats.struct_size = sizeof stats;
    expect(ufo_server_stats_get(server_.get(), &stats), "The server's figures");
    return stats;
}

void Hosting::set_budget(std::uint64_t bytes) { expect(ufo_core_set_budget(core_.get(), bytes), "budget"); }

} // namespace ufod
