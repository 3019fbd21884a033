// SPDX-License-Identifier: MIT
#include "runner/report.hpp"

#include "common/samples.hpp"

#include <algorithm>

namespace bench {

namespace {

constexpr double GiB = 1 << 30;
constexpr double MiB = 1 << 20;

const char *kind_name(Kind kind)
{
    return kind == Kind::floor ? "floor" : kind == Kind::library ? "library" : "yardstick";
}

const char *unit_name(Unit unit)
{
    return unit == Unit::percent ? "%" : unit == Unit::nanoseconds ? "ns" : unit == Unit::microseconds ? "us" : unit == Unit::gibibytes_per_second ? "GiB/s" : "kreads/s";
}

/// Whether less is better.
bool is_time(Unit unit) { return unit == Unit::nanoseconds || unit == Unit::microseconds; }

std::vector<double> values(Unit unit, const CaseResult &result)
{
    std::vector<double> all;
    for (const Figures &run : result.runs)
        all.push_back(value_of(unit, run));
    return all;
}

double median_of(const CaseResult &result, const char *key)
{
    std::vector<double> all;
    for (const Figures &run : result.runs)
        all.push_back(number(run, key));
    return all.empty() ? 0.0 : quantile(all, 0.5);
}

double most_of(const CaseResult &result, const char *key)
{
    double most = 0;
    for (const Figures &run : result.runs)
        most = std::max(most, number(run, key));
    return most;
}

/// The fastest floor of a group: what the library could at best be as fast as.  With `chunk`, of those floors that fill in
/// units of that size.  Null if there is none.
const CaseResult *best_floor(const GroupResult &group, std::size_t chunk = 0)
{
    const CaseResult *best = nullptr;
    double best_value = 0;
    for (const CaseResult &result : group.cases) {
        if (result.what.kind != Kind::floor || result.runs.empty() || (chunk != 0 && result.what.chunk != chunk))
            continue;
        const double median = spread(values(group.what.unit, result)).median;
        if (best == nullptr || (is_time(group.what.unit) ? median < best_value : median > best_value)) {
            best = &result;
            best_value = median;
        }
    }
    return best;
}

/// Time of `result` over time of `floor`; 0 if there is nothing to compare.
double time_ratio(Unit unit, const CaseResult &result, const CaseResult *floor)
{
    if (floor == nullptr || result.runs.empty() || result.what.kind == Kind::yardstick)
        return 0;
    const double mine = spread(values(unit, result)).median;
    const double theirs = spread(values(unit, *floor)).median;
    return is_time(unit) ? mine / theirs : theirs / mine;
}

std::string json_text(const std::string &text)
{
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            quoted += '\\';
        if (static_cast<unsigned char>(c) >= 0x20)
            quoted += c;
    }
    return quoted + "\"";
}

/// Figures that are numbers stay numbers.
std::string json_value(const std::string &value)
{
    char *end = nullptr;
    std::strtod(value.c_str(), &end);
    return !value.empty() && *end == '\0' ? value : json_text(value);
}

void print_ratio(std::FILE *out, double ratio)
{
    if (ratio > 0)
        std::fprintf(out, " %7.2f", ratio);
    else
        std::fprintf(out, " %7s", "");
}

void print_case(std::FILE *out, const GroupResult &group, const CaseResult &result)
{
    const Unit unit = group.what.unit;
    const CaseResult *floor = best_floor(group);
    std::fprintf(out, "  %-9s %s %-43s", kind_name(result.what.kind), &result == floor ? "*" : " ", result.what.name.c_str());
    if (result.runs.empty()) {
        std::fprintf(out, " failed\n");
        return;
    }
    const Spread figure = spread(values(unit, result));
    const int digits = figure.median < 10 ? 2 : 1;
    char range[32];
    std::snprintf(range, sizeof(range), "%.*f-%.*f", digits, figure.min, digits, figure.max);
    std::fprintf(out, " %8.*f %15s", digits, figure.median, range);
    if (result.what.kind != Kind::yardstick) {
        print_ratio(out, time_ratio(unit, result, best_floor(group, result.what.chunk)));
        print_ratio(out, time_ratio(unit, result, floor));
    }
    if (unit == Unit::microseconds)
        std::fprintf(out, " %14.1f", median_of(result, "p99_us"));
    else if (most_of(result, "budget_bytes") > 0)
        std::fprintf(out, " %7.1f of %3.0f", most_of(result, "peak_bytes") / MiB, most_of(result, "budget_bytes") / MiB);
    if (result.failed > 0)
        std::fprintf(out, "  %u of %zu runs FAILED", result.failed, result.runs.size() + result.failed);
    std::fprintf(out, "\n");
}

void json_case(std::FILE *out, const GroupResult &group, const CaseResult &result)
{
    const Unit unit = group.what.unit;
    std::fprintf(out, "        {\"name\": %s, \"kind\": \"%s\", \"program\": %s, \"arguments\": [",
                 json_text(result.what.name).c_str(), kind_name(result.what.kind), json_text(result.what.program).c_str());
    const char *comma = "";
    for (const std::string &argument : result.what.arguments) {
        std::fprintf(out, "%s%s", comma, json_text(argument).c_str());
        comma = ", ";
    }
    std::fprintf(out, "],\n         \"failed_runs\": %u", result.failed);
    if (!result.runs.empty()) {
        const Spread figure = spread(values(unit, result));
        std::fprintf(out, ", \"median\": %.6g, \"min\": %.6g, \"max\": %.6g", figure.median, figure.min, figure.max);
        const double of_same_chunk = time_ratio(unit, result, best_floor(group, result.what.chunk));
        if (of_same_chunk > 0)
            std::fprintf(out, ", \"time_over_floor_of_same_chunk\": %.4g", of_same_chunk);
        const double of_best = time_ratio(unit, result, best_floor(group));
        if (of_best > 0)
            std::fprintf(out, ", \"time_over_best_floor\": %.4g", of_best);
    }
    std::fprintf(out, ",\n         \"runs\": [");
    comma = "";
    for (const Figures &run : result.runs) {
        std::fprintf(out, "%s{", comma);
        const char *inner = "";
        for (const auto &[key, value] : run) {
            std::fprintf(out, "%s%s: %s", inner, json_text(key).c_str(), json_value(value).c_str());
            inner = ", ";
        }
        std::fprintf(out, "}");
        comma = ",\n                  ";
    }
    std::fprintf(out, "]}");
}

} // namespace

double value_of(Unit unit, const Figures &run)
{
    switch (unit) {
    case Unit::percent:
        return number(run, "percent");
    case Unit::nanoseconds:
        return number(run, "median_us") * 1e3;
    case Unit::microseconds:
        return number(run, "median_us");
    case Unit::gibibytes_per_second:
        return number(run, "bytes") / number(run, "seconds") / GiB;
    case Unit::kiloreads_per_second:
        return number(run, "reads") / number(run, "seconds") / 1e3;
    }
    return 0;
}

void print_heading(std::FILE *out, const Facts &facts, const Scale &scale, unsigned rounds)
{
    std::fprintf(out, "ufomem bench: array of %s, budget %s, %u rounds\n\n", size_text(scale.bytes).c_str(),
                 size_text(scale.budget).c_str(), rounds);
    for (const auto &[name, value] : facts)
        std::fprintf(out, "  %-24s%s\n", name.c_str(), value.c_str());
}

void print_group(std::FILE *out, const GroupResult &group)
{
    const bool latency = group.what.unit == Unit::microseconds;
    const bool compared = best_floor(group) != nullptr;
    std::fprintf(out, "\n%-56s %8s %15s %7s %7s %14s\n", group.what.title.c_str(), unit_name(group.what.unit), "min-max",
                 compared ? "x chunk" : "", compared ? "x best" : "", latency ? "p99 us" : compared ? "peak MiB" : "");
    for (const CaseResult &result : group.cases)
        print_case(out, group, result);
    std::fflush(out);
}

void print_legend(std::FILE *out)
{
    std::fprintf(out, R"(
Medians over the rounds, with the least and the greatest; the cases of a group were run in turns.
x chunk   time over that of the fastest floor with the same chunk size; below 1.3 may be noise on a shared machine
x best    time over that of the fastest floor of the group (*)
floor     bare system calls for this one use; "ufomem" does the same with everything that makes it safe
yardstick other ways to the result, under other conditions: not what the library is compared with
peak      the kernel's high-water mark of resident memory, above what was resident at the start, of the budget
4 KiB     these cases use an eighth of the array and of the budget
)");
}

void print_json(std::FILE *out, const Facts &facts, const Scale &scale, const std::vector<GroupResult> &groups)
{
    std::fprintf(out, "{\n  \"facts\": {");
    const char *comma = "";
    for (const auto &[name, value] : facts) {
        std::fprintf(out, "%s%s: %s", comma, json_text(name).c_str(), json_text(value).c_str());
        comma = ", ";
    }
    std::fprintf(out, "},\n  \"bytes\": %zu, \"budget\": %zu,\n  \"groups\": [", scale.bytes, scale.budget);
    comma = "";
    for (const GroupResult &group : groups) {
        std::fprintf(out, "%s\n    {\"name\": %s, \"unit\": %s, \"cases\": [", comma, json_text(group.what.name).c_str(),
                     json_text(unit_name(group.what.unit)).c_str());
        const char *inner = "\n";
        for (const CaseResult &result : group.cases) {
            std::fprintf(out, "%s", inner);
            json_case(out, group, result);
            inner = ",\n";
        }
        std::fprintf(out, "]}");
        comma = ",";
    }
    std::fprintf(out, "\n  ]\n}\n");
}

} // namespace bench
