// SPDX-License-Identifier: MIT
#include "sweep.hpp"

#include "case_runner.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cinttypes>
#include <map>
#include <set>

#include <unistd.h>

namespace torture {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

class Sweep {
  public:
    explicit Sweep(const Options &options) : options_(options), begin_(Clock::now()), runner_(options) {}

    int run();
    int list();

  private:
    struct Totals {
        std::uint64_t cases = 0, met = 0, hits = 0, reported = 0, checked = 0;
        std::array<std::uint64_t, static_cast<std::size_t>(Violation::count)> violations{};
        std::set<std::uint64_t> sites;
        std::set<std::pair<std::uint64_t, std::string>> faults; ///< site and error
    };
    struct Finding {
        std::string command, place, messages;
    };
    /// A fault from which the library's way out leads to sites that nothing had led to before: there a second fault is tried.
    struct WayOut {
        const Scenario *scenario;
        const Variant *variant;
        Rule first;
        KnownSite site;
        std::vector<KnownSite> reached;
    };

    std::vector<KnownSite> learn(const Scenario &scenario, const Variant &variant);
    bool try_case(const Scenario &scenario, const Variant &variant, std::span<const Rule> rules,
                  std::span<const KnownSite> at, bool warm);
    void note_finding(const Scenario &scenario, const Variant &variant, std::span<const Rule> rules,
                      std::span<const KnownSite> at, bool warm);
    std::vector<const Pattern *> patterns_for(const KnownSite &site, const Fault &fault) const;
    void sweep_site(const Scenario &scenario, const Variant &variant, const KnownSite &site,
                    const std::set<std::uint64_t> &ordinary);
    void sweep_sites();
    void sweep_ways_out();
    /// Sites are the same in all variants, which differ in those that they reach.
    std::pair<const Variant *, std::uint64_t> place_of(const Variant &variant, const KnownSite &site) const
    {
        return {options_.together ? nullptr : &variant, site.id};
    }
    bool out_of_time() const { return options_.seconds > 0 && seconds_since(begin_) > options_.seconds; }
    void begin_stage(const char *stage);
    void progress(double done, const Variant &variant, const Scenario &scenario);
    void write_result() const;

    const Options &options_;
    Clock::time_point begin_;
    CaseRunner runner_;
    Totals totals_;
    std::vector<Finding> findings_;
    std::map<std::pair<const Variant *, std::uint64_t>, std::size_t> scenarios_of_site_;
    std::set<std::pair<const Variant *, std::uint64_t>> second_sites_;
    std::vector<WayOut> ways_out_;
    const char *stage_ = "";
    Clock::time_point stage_begin_{}, shown_{};
};

/// What a scenario reaches, and whether it is well without any fault.
std::vector<KnownSite> Sweep::learn(const Scenario &scenario, const Variant &variant)
{
    std::vector<KnownSite> sites = runner_.learn(scenario, variant);
    if (!runner_.journal().clean()) {
        const char *const message = runner_.journal().messages[0];
        std::printf("\n%s, %s: fails without any fault: %s\n", variant.name, scenario.name, message);
        findings_.push_back({"--scenario " + std::string(scenario.name) + " --variant " + variant.name, "no fault",
                             message});
        ++totals_.violations[static_cast<std::size_t>(Violation::broken)];
    }
    return sites;
}

void Sweep::note_finding(const Scenario &scenario, const Variant &variant, std::span<const Rule> rules,
                         std::span<const KnownSite> at, bool warm)
{
    char command[512];
    int used = std::snprintf(command, sizeof command, "tests/torture/torture --scenario %s --variant %s --frames %zu",
                             scenario.name, variant.name, options_.frames);
    const char *prefixes[] = {"", "then-"};
    std::string place;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        used += std::snprintf(command + used, sizeof command - static_cast<std::size_t>(used),
                              " --%ssite %" PRIx64 " --%serrno %s --%spattern %s", prefixes[i], rules[i].site,
                              prefixes[i], rules[i].fault.name, prefixes[i], rules[i].pattern.name);
        place += (i != 0 ? "; then " : "") + std::string(rules[i].fault.name) + " " + rules[i].pattern.name + " from "
                 + runner_.describe(at[i]);
    }
    if (!warm)
        std::snprintf(command + used, sizeof command - static_cast<std::size_t>(used), " --cold");
    std::string messages;
    for (const auto &message : runner_.journal().messages)
        if (message[0] != '\0')
            messages += std::string("    ") + message + "\n";
    std::printf("%s%s\n  %s\n%s", isatty(STDOUT_FILENO) ? "\r\033[K" : "", command, place.c_str(), messages.c_str());
    findings_.push_back({command, place, messages});
}

bool Sweep::try_case(const Scenario &scenario, const Variant &variant, std::span<const Rule> rules,
                     std::span<const KnownSite> at, bool warm)
{
    runner_.run(runner_.make_case(scenario, variant, rules, warm));
    const Journal &journal = runner_.journal();
    ++totals_.cases;
    totals_.met += journal.hits != 0;
    totals_.hits += journal.hits;
    totals_.reported += journal.reported;
    totals_.checked += journal.checked;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        totals_.sites.insert(rules[i].site);
        totals_.faults.insert({rules[i].site, rules[i].fault.name});
    }
    for (std::size_t i = 0; i < totals_.violations.size(); ++i)
        totals_.violations[i] += journal.violations[i] != 0;
    if (!journal.clean())
        note_finding(scenario, variant, rules, at, warm);
    else if (options_.verbose)
        std::printf("%s %s %s %s %s: %" PRIu64 " faults, %" PRIu64 " reports\n", variant.name, scenario.name,
                    runner_.describe(at[0]).c_str(), rules[0].fault.name, rules[0].pattern.name, journal.hits.load(),
                    journal.reported.load());
    return journal.clean();
}

/// Those that differ for as many calls as there are.
std::vector<const Pattern *> Sweep::patterns_for(const KnownSite &site, const Fault &) const
{
    std::vector<const Pattern *> list;
    for (const Pattern &pattern : patterns()) {
        const bool chosen =
            options_.patterns.empty()
            || std::find(options_.patterns.begin(), options_.patterns.end(), pattern.name) != options_.patterns.end();
        if (chosen && (pattern.every <= 1 || site.calls >= pattern.every))
            list.push_back(&pattern);
    }
    return list;
}

void Sweep::sweep_site(const Scenario &scenario, const Variant &variant, const KnownSite &site,
                       const std::set<std::uint64_t> &ordinary)
{
    for (const Fault &fault : plausible_faults(site.call, site.request))
        for (const Pattern *pattern : patterns_for(site, fault)) {
            if (out_of_time())
                return;
            const Rule rule = runner_.rule_at(site, fault, *pattern);
            if (!try_case(scenario, variant, {&rule, 1}, {&site, 1}, !site.cold) || !options_.pairs)
                continue;
            std::vector<KnownSite> reached = runner_.reached();
            std::erase_if(reached, [&](const KnownSite &one) {
                return ordinary.contains(one.id) || !second_sites_.insert(place_of(variant, one)).second;
            });
            if (!reached.empty())
                ways_out_.push_back({&scenario, &variant, rule, site, std::move(reached)});
        }
}

void Sweep::sweep_sites()
{
    begin_stage("of the sites");
    const double pieces = static_cast<double>(options_.scenarios.size() * options_.variants.size());
    double piece = 0;
    for (const Variant *variant : options_.variants)
        for (const Scenario *scenario : options_.scenarios) {
            if (out_of_time())
                return;
            const std::vector<KnownSite> sites = learn(*scenario, *variant);
            std::set<std::uint64_t> ordinary;
            for (const KnownSite &site : sites)
                ordinary.insert(site.id);
            double share = 0;
            for (const KnownSite &site : sites) {
                std::size_t &times = scenarios_of_site_[place_of(*variant, site)];
                if (options_.scenarios_per_site == 0 || times < options_.scenarios_per_site)
                    sweep_site(*scenario, *variant, site, ordinary);
                ++times;
                share += 1.0 / static_cast<double>(sites.size());
                progress((piece + share) / pieces, *variant, *scenario);
            }
            ++piece;
        }
}

/// After all single faults: who has no time for everything has at least each site once.
void Sweep::sweep_ways_out()
{
    begin_stage("of the ways out");
    for (std::size_t i = 0; i < ways_out_.size(); ++i) {
        const WayOut &way = ways_out_[i];
        runner_.ask_for_names(way.reached);
        for (const KnownSite &second : way.reached)
            for (const Fault &fault : plausible_faults(second.call, second.request))
                for (const char *pattern : {"once", "ever"}) {
                    if (out_of_time())
                        return;
                    const Rule both[] = {way.first, runner_.rule_at(second, fault, *pattern_named(pattern))};
                    const KnownSite at[] = {way.site, second};
                    (void)try_case(*way.scenario, *way.variant, both, at, !way.site.cold);
                }
        progress(static_cast<double>(i + 1) / static_cast<double>(ways_out_.size()), *way.variant, *way.scenario);
    }
}

void Sweep::begin_stage(const char *stage)
{
    stage_ = stage;
    stage_begin_ = Clock::now();
}

void Sweep::progress(double done, const Variant &variant, const Scenario &scenario)
{
    const bool terminal = isatty(STDOUT_FILENO);
    if (seconds_since(shown_) < (terminal ? 0.2 : 30))
        return;
    shown_ = Clock::now();
    const double spent = seconds_since(stage_begin_);
    std::printf("%s%3.0f%% %s  %.0f s, about %.0f s left  %s/%s  %zu sites, %" PRIu64 " cases, %" PRIu64
                " faults, %zu findings%s",
                terminal ? "\r" : "", done * 100, stage_, spent, done > 0.001 ? spent / done - spent : 0.0, variant.name,
                scenario.name, totals_.sites.size(), totals_.cases, totals_.hits, findings_.size(),
                terminal ? "\033[K" : "\n");
    std::fflush(stdout);
}

void Sweep::write_result() const
{
    std::FILE *file = std::fopen(options_.result.c_str(), "we");
    if (!file) {
        std::perror(options_.result.c_str());
        return;
    }
    std::fprintf(file,
                 "{\"sites\": %zu, \"faults\": %zu, \"cases\": %" PRIu64 ", \"cases_met\": %" PRIu64
                 ", \"injected\": %" PRIu64 ", \"reported\": %" PRIu64 ", \"checked\": %" PRIu64 ", \"seconds\": %.0f",
                 totals_.sites.size(), totals_.faults.size(), totals_.cases, totals_.met, totals_.hits,
                 totals_.reported, totals_.checked, seconds_since(begin_));
    for (std::size_t i = 0; i < totals_.violations.size(); ++i)
        std::fprintf(file, ", \"%s\": %" PRIu64, name_of(static_cast<Violation>(i)), totals_.violations[i]);
    std::fprintf(file, ", \"findings\": [");
    for (std::size_t i = 0; i < findings_.size(); ++i)
        std::fprintf(file, "%s\n  \"%s\"", i != 0 ? "," : "", findings_[i].command.c_str());
    std::fprintf(file, "]}\n");
    std::fclose(file);
}

int Sweep::run()
{
    sweep_sites();
    sweep_ways_out();
    std::printf("%ssites %zu, sites x errors %zu, cases %" PRIu64 " (the fault happened in %" PRIu64
                "), faults %" PRIu64 ", errors reported %" PRIu64 ", accesses checked %" PRIu64 ", %.0f s\n",
                isatty(STDOUT_FILENO) ? "\r\033[K" : "", totals_.sites.size(), totals_.faults.size(), totals_.cases,
                totals_.met, totals_.hits, totals_.reported, totals_.checked, seconds_since(begin_));
    for (std::size_t i = 0; i < totals_.violations.size(); ++i)
        std::printf("%s %" PRIu64 "%s", name_of(static_cast<Violation>(i)), totals_.violations[i],
                    i + 1 < totals_.violations.size() ? ", " : "\n");
    if (!options_.result.empty())
        write_result();
    if (totals_.cases == 0 || totals_.met == 0) {
        std::printf("nothing was tried\n");
        return 1;
    }
    return findings_.empty() ? 0 : 1;
}

int Sweep::list()
{
    for (const Variant *variant : options_.variants)
        for (const Scenario *scenario : options_.scenarios) {
            const Clock::time_point begin = Clock::now();
            const std::vector<KnownSite> sites = learn(*scenario, *variant);
            std::printf("%s / %s: %zu sites, %.0f ms a pass\n", variant->name, scenario->name, sites.size(),
                        seconds_since(begin) * 1000 / 3);
            for (const KnownSite &site : sites)
                std::printf("  %12" PRIx64 " %6u%s %s\n", site.id, site.calls, site.cold ? " cold" : "",
                            runner_.describe(site).c_str());
        }
    return findings_.empty() ? 0 : 1;
}

} // namespace

int sweep(const Options &options) { return Sweep(options).run(); }
int list(const Options &options) { return Sweep(options).list(); }

} // namespace torture
