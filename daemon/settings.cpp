// SPDX-License-Identifier: MIT
#include "settings.hpp"

#include <algorithm>
#include <charconv>

namespace ufod {
namespace {

constexpr std::uint64_t many = 1'000'000;

template <ufo_server_limit Limit, std::uint64_t Most = many> void set_count(Settings &settings, std::string_view value)
{
    settings.limits[Limit] = parse_number(value, 1, Most);
}

/// One of the names, by its place.
std::size_t choose(std::string_view value, std::initializer_list<std::string_view> names)
{
    const auto *found = std::find(names.begin(), names.end(), value);
    if (found != names.end())
        return static_cast<std::size_t>(found - names.begin());
    std::string all;
    for (std::string_view name : names)
        all.append(all.empty() ? "" : ", ").append(name);
    throw BadValue("is none of " + all);
}

/// A relative path would depend on where the program was started.
std::string absolute_path(std::string_view value)
{
    if (!value.starts_with('/'))
        throw BadValue("is no absolute path");
    return std::string(value);
}

/// "name:path" or "name:path:element_size".
Publication parse_publication(std::string_view value)
{
    const std::size_t colon = value.find(':');
    if (colon == std::string_view::npos || colon == 0)
        throw BadValue("is not of the form NAME:PATH or NAME:PATH:ELEMENT_SIZE");
    Publication publication;
    publication.name = value.substr(0, colon);
    std::string_view path = value.substr(colon + 1);
    if (const std::size_t last = path.rfind(':'); last != std::string_view::npos) {
        const std::string_view tail = path.substr(last + 1);
        const auto digit = [](char c) { return c >= '0' && c <= '9'; };
        if (!tail.empty() && std::all_of(tail.begin(), tail.end(), digit)) {
            try {
                publication.element_size = parse_number(tail, 1, std::uint64_t{1} << 30);
            } catch (const BadValue &) {
                throw BadValue("has no element size from 1 to 1073741824 at its end");
            }
            path = path.substr(0, last);
        }
    }
    if (!path.starts_with('/'))
        throw BadValue("has no absolute path after the name");
    publication.path = path;
    return publication;
}

// In the order of the help, the manual page and the example file.
constexpr Setting settings_table[] = {
    {"socket", "PATH", "", "where to listen; default: where clients look", Setting::once, Setting::at_start,
     [](Settings &s, std::string_view value) { s.socket = absolute_path(value); }},
    {"socket-mode", "MODE", "0600", "permissions of the socket: who may connect", Setting::once, Setting::at_start,
     [](Settings &s, std::string_view value) { s.socket_mode = parse_mode(value); }},
    {"socket-group", "GROUP", "", "group of the socket, by name or number", Setting::once, Setting::at_start,
     [](Settings &s, std::string_view value) { s.socket_group = value; }},
    {"budget", "AMOUNT", "auto",
     "most memory for all clients together: a size, a percentage of the memory that there is, or auto", Setting::once,
     Setting::running, [](Settings &s, std::string_view value) { s.budget = parse_amount(value); }},
    {"least-budget", "AMOUNT", "auto",
     "what the budget is never lowered below under memory pressure; auto: a quarter of it", Setting::once,
     Setting::running, [](Settings &s, std::string_view value) { s.least_budget = parse_amount(value); }},
    {"adapt-interval", "DURATION", "3s", "how often memory pressure is looked at; 0: the budget stays as it is",
     Setting::once, Setting::running,
     [](Settings &s, std::string_view value) { s.adapt_interval = parse_duration(value); }},
    {"low-watermark", "PERCENT", "88", "share of the budget at which eviction ends", Setting::once, Setting::at_start,
     [](Settings &s, std::string_view value) { s.low_watermark = parse_percent(value); }},
    {"high-watermark", "PERCENT", "100", "share of the budget near which eviction begins", Setting::once,
     Setting::at_start, [](Settings &s, std::string_view value) { s.high_watermark = parse_percent(value); }},
    {"chunk", "SIZE", "64K", "bytes of a file that are read together", Setting::once, Setting::at_start,
     [](Settings &s, std::string_view value) { s.chunk_bytes = parse_size(value); }},
    {"fillers", "NUMBER", "64", "most threads that answer faults", Setting::once, Setting::at_start,
     set_count<UFO_LIMIT_THREADS, 1024>},
    {"clients", "NUMBER", "1024", "most clients at a time", Setting::once, Setting::at_start,
     set_count<UFO_LIMIT_CLIENTS>},
    {"clients-per-user", "NUMBER", "256", "most clients of one user", Setting::once, Setting::at_start,
     set_count<UFO_LIMIT_CLIENTS_PER_USER>},
    {"regions-per-client", "NUMBER", "256", "most arrays of one client", Setting::once, Setting::at_start,
     set_count<UFO_LIMIT_REGIONS>},
    {"mapped-per-client", "SIZE", "64T", "most bytes of arrays, in memory or not, of one client", Setting::once,
     Setting::at_start,
     [](Settings &s, std::string_view value) { s.limits[UFO_LIMIT_MAPPED_BYTES] = parse_size(value); }},
    {"pinned-per-client", "SIZE", "auto",
     "most bytes that one client may keep from leaving memory; auto: an eighth of the budget", Setting::once,
     Setting::at_start,
     [](Settings &s, std::string_view value) {
         s.limits[UFO_LIMIT_PINNED_BYTES] = value == "auto" ? 0 : parse_size(value);
     }},
    {"faults-per-client", "NUMBER", "16", "faults of one client that are answered at a time; more wait", Setting::once,
     Setting::at_start, set_count<UFO_LIMIT_FAULTS>},
    {"answer-timeout", "DURATION", "30s", "when a fault without an answer becomes an error for who waits",
     Setting::once, Setting::at_start,
     [](Settings &s, std::string_view value) {
         const std::chrono::milliseconds timeout = parse_duration(value);
         if (timeout.count() == 0)
             throw BadValue("would fail every fault; write for instance 30s");
         s.limits[UFO_LIMIT_ANSWER_MS] = static_cast<std::uint64_t>(timeout.count());
     }},
    {"idle-files", "NUMBER", "16", "files that stay in memory although nobody has them open", Setting::once,
     Setting::at_start, set_count<UFO_LIMIT_IDLE_FILES>},
    {"allow-directory", "PATH", "",
     "only files in or below it may be shared; can be given several times; default: every file", Setting::repeated,
     Setting::at_start,
     [](Settings &s, std::string_view value) { s.allowed_directories.push_back(absolute_path(value)); }},
    {"publish", "NAME:PATH[:ELEMENT_SIZE]", "", "a file that clients find by a name; can be given several times",
     Setting::repeated, Setting::running,
     [](Settings &s, std::string_view value) {
         Publication publication = parse_publication(value);
         for (const Publication &other : s.publications)
             if (other.name == publication.name)
                 throw BadValue("has the name of another array");
         s.publications.push_back(std::move(publication));
     }},
    {"log-level", "LEVEL", "info", "error, warning, info or debug", Setting::once, Setting::running,
     [](Settings &s, std::string_view value) {
         s.log_level = static_cast<ufo_log_level>(choose(value, {"error", "warning", "info", "debug"}));
     }},
    {"log-target", "TARGET", "stderr", "stderr (the journal, under systemd) or syslog", Setting::once,
     Setting::at_start,
     [](Settings &s, std::string_view value) {
         s.log_target = static_cast<LogTarget>(choose(value, {"stderr", "syslog"}));
     }},
};

} // namespace

std::string Setting::variable() const
{
    std::string variable = "UFOD_";
    for (const char *c = name; *c; ++c)
        variable.push_back(*c == '-' ? '_' : static_cast<char>(*c - 'a' + 'A'));
    return variable;
}

std::span<const Setting> all_settings() { return settings_table; }

const Setting *find_setting(std::string_view name)
{
    const auto found =
        std::ranges::find(settings_table, name, [](const Setting &setting) { return std::string_view(setting.name); });
    return found == std::end(settings_table) ? nullptr : found;
}

} // namespace ufod
