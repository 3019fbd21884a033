// SPDX-License-Identifier: MIT
#include "statistics.hpp"

#include "library.hpp"
#include "values.hpp"

#include <cstdint>
#include <cstdio>

namespace ufod {
namespace {

struct Figure {
    std::uint64_t ufo_server_stats::*value;
    const char *name; ///< stable: programs look for it
    const char *meaning;
    bool bytes = false;
};

constexpr Figure figures[] = {
    {&ufo_server_stats::clients, "clients", "clients connected"},
    {&ufo_server_stats::clients_ever, "clients_ever", "clients so far"},
    {&ufo_server_stats::dismissed, "dismissed", "clients that were dismissed"},
    {&ufo_server_stats::regions, "regions", "shared arrays"},
    {&ufo_server_stats::budget_bytes, "budget_bytes", "budget", true},
    {&ufo_server_stats::used_bytes, "used_bytes", "in use", true},
    {&ufo_server_stats::peak_bytes, "peak_bytes", "in use at most", true},
    {&ufo_server_stats::low_bytes, "low_bytes", "eviction ends below", true},
    {&ufo_server_stats::high_bytes, "high_bytes", "eviction begins above", true},
    {&ufo_server_stats::page_bytes, "page_bytes", "page", true},
    {&ufo_server_stats::chunk_bytes, "chunk_bytes", "chunk", true},
    {&ufo_server_stats::faults, "faults", "faults answered"},
    {&ufo_server_stats::late, "late", "faults without an answer in time"},
    {&ufo_server_stats::failures, "failures", "chunks that could not be filled"},
    {&ufo_server_stats::populated_bytes, "populated_bytes", "read from sources", true},
    {&ufo_server_stats::evictions, "evictions", "chunks that left memory"},
    {&ufo_server_stats::fillers, "fillers", "fillers"},
    {&ufo_server_stats::most_fillers, "most_fillers", "fillers at most"},
    {&ufo_server_stats::evictors, "evictors", "evictors"},
    {&ufo_server_stats::faults_at_once, "faults_at_once", "faults of a client at a time"},
};

} // namespace

ufo_server_stats ask_for_stats(const std::string &socket)
{
    const Client client(ufo_client_connect(socket.empty() ? nullptr : socket.c_str()));
    if (!client)
        throw library_error("No figures");
    ufo_server_stats stats{};
    stats.struct_size = sizeof stats;
    expect(ufo_client_stats_get(client.get(), &stats), "No figures");
    return stats;
}

std::string stats_table(const ufo_server_stats &stats)
{
    std::string table;
    for (const Figure &figure : figures) {
        const std::uint64_t value = stats.*figure.value;
        char line[128];
        std::snprintf(line, sizeof line, "%-34s %s\n", figure.meaning,
                      (figure.bytes ? readable_size(value) : std::to_string(value)).c_str());
        table += line;
    }
    return table;
}

std::string stats_json(const ufo_server_stats &stats)
{
    std::string json = "{";
    for (const Figure &figure : figures)
        json += std::string(json.size() > 1 ? "," : "") + "\n  \"" + figure.name
                + "\": " + std::to_string(stats.*figure.value);
    return json + "\n}\n";
}

std::string stats_line(const ufo_server_stats &stats)
{
    std::string line;
    for (const Figure &figure : figures)
        line += std::string(line.empty() ? "" : " ") + figure.name + '=' + std::to_string(stats.*figure.value);
    return line;
}

} // namespace ufod
