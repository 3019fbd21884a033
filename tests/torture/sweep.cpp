// SPDX-License-Identifier: MIT
#include "sweep.hpp"

#include "symbols.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cinttypes>
#include <map>
#include <optional>
#include <set>

#include <sys/mman.h>
#include <unistd.h>

namespace torture {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// A site as the parent keeps it.
struct KnownSite {
    std::uint64_t id = 0;
    std::uint64_t request = 0;
    std::array<std::uint64_t, Site::most_frames> frames{};
    Call call{};
    std::uint32_t calls = 0;
    bool cold = false; ///< reached by the first pass of a process only
};

class SharedJournal {
  public:
    SharedJournal()
    {
        void *memory = mmap(nullptr, sizeof(Journal), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        journal_ = new (memory) Journal;
    }
    Journal &operator*() { return *journal_; }
    Journal *operator->() { return journal_; }

  private:
    Journal *journal_;
};

std::vector<KnownSite> sites_of(Journal &journal)
{
    std::vector<KnownSite> list;
    journal.sites.for_each([&](const Site &site) {
        list.push_back({site.id, site.request, site.frames, site.call, site.calls, false});
    });
    std::sort(list.begin(), list.end(), [](const KnownSite &a, const KnownSite &b) { return a.id < b.id; });
    return list;
}

void copy_to(const KnownSite &known, Site &site)
{
    site.id = known.id;
    site.request = known.request;
    site.frames = known.frames;
    site.call = known.call;
}

class Sweep {
  public:
    explicit Sweep(const Options &options) : options_(options), begin_(Clock::now()) {}

    int run();
    int list();
    int repeat();

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

    Case make_case(const Scenario &scenario, const Variant &variant, std::span<const Rule> rules, bool warm) const;
    std::vector<KnownSite> learn(const Scenario &scenario, const Variant &variant);
    bool try_case(const Scenario &scenario, const Variant &variant, std::span<const Rule> rules,
                  std::span<const KnownSite> at, bool warm);
    void judge_holdings();
    void note_finding(const Scenario &scenario, const Variant &variant, std::span<const Rule> rules,
                      std::span<const KnownSite> at, bool warm);
    std::vector<const Pattern *> patterns_for(const KnownSite &site, const Fault &fault) const;
    void ask_for_names(std::span<const KnownSite> sites);
    Rule rule_at(const KnownSite &known, Fault fault, const Pattern &pattern);
    void sweep_site(const Scenario &scenario, const Variant &variant, const KnownSite &site,
                    const std::set<std::uint64_t> &ordinary);
    void sweep_second(const Scenario &scenario, const Variant &variant, const Rule &first, const KnownSite &site);
    /// Sites are the same in all variants, which differ in those that they reach.
    std::pair<const Variant *, std::uint64_t> place_of(const Variant &variant, const KnownSite &site) const
    {
        return {options_.together ? nullptr : &variant, site.id};
    }
    bool out_of_time() const { return options_.seconds > 0 && seconds_since(begin_) > options_.seconds; }
    void progress(const char *variant, const char *scenario);
    void write_result() const;
    std::string describe(const KnownSite &known)
    {
        Site site;
        copy_to(known, site);
        return symbols_.describe(site);
    }
    bool matches(const KnownSite &known, const std::string &names);
    std::optional<KnownSite> find_second(const Case &first);

    const Options &options_;
    Clock::time_point begin_;
    SharedJournal journal_;
    Symbols symbols_;
    Totals totals_;
    std::vector<Finding> findings_;
    std::map<std::pair<const Variant *, std::uint64_t>, std::size_t> scenarios_of_site_;
    std::set<std::pair<const Variant *, std::uint64_t>> second_sites_;
    std::size_t pieces_ = 0, piece_ = 0;
    double share_ = 0; ///< of the piece at work
    Clock::time_point shown_{};
};

Case Sweep::make_case(const Scenario &scenario, const Variant &variant, std::span<const Rule> rules, bool warm) const
{
    Case one;
    one.scenario = &scenario;
    one.variant = &variant;
    one.rules = rules;
    one.frames = options_.frames;
    one.warm = warm;
    one.folder = options_.folder;
    one.time_limit_seconds = options_.time_limit;
    return one;
}

/// All at once: to ask for each takes long.
void Sweep::ask_for_names(std::span<const KnownSite> sites)
{
    std::vector<std::uint64_t> offsets;
    for (const KnownSite &site : sites)
        for (const std::uint64_t frame : site.frames)
            if (frame != 0)
                offsets.push_back(frame);
    symbols_.ask_for(offsets);
}

/// The sites that a scenario reaches, in a fresh process or again.
std::vector<KnownSite> Sweep::learn(const Scenario &scenario, const Variant &variant)
{
    record(make_case(scenario, variant, {}, true), *journal_);
    std::vector<KnownSite> sites = sites_of(*journal_);
    if (!journal_->clean()) {
        std::printf("\n%s, %s: fails without any fault: %s\n", variant.name, scenario.name, journal_->messages[0]);
        findings_.push_back({"--scenario " + std::string(scenario.name) + " --variant " + variant.name, "no fault",
                             journal_->messages[0]});
        ++totals_.violations[static_cast<std::size_t>(Violation::broken)];
    }
    std::set<std::uint64_t> warm;
    for (const KnownSite &site : sites)
        warm.insert(site.id);
    record(make_case(scenario, variant, {}, false), *journal_);
    for (KnownSite &site : sites_of(*journal_))
        if (!warm.contains(site.id)) {
            site.cold = true;
            sites.push_back(site);
        }
    ask_for_names(sites);
    return sites;
}

/// Memory that is held by design, for the next handle, is no leak.
void Sweep::judge_holdings()
{
    for (std::uint32_t i = 0; i < journal_->held_count; ++i) {
        const Journal::Held &held = journal_->held[i];
        const Site *site = journal_->sites.find(held.site);
        // ... and the capacity of a string in it.
        if (!site || symbols_.mentions(*site, "HandlePool")
            || symbols_.mentions(*site, "ufo_core_config_set_spill_dir")
            || symbols_.mentions(*site, "ufo_server_config_set_path"))
            continue;
        journal_->note(Violation::leak, "%zu %s, %zu bytes: %s", held.count, held.mapping ? "mappings" : "allocations",
                       held.bytes, symbols_.describe(*site).c_str());
    }
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
                 + describe(at[i]);
    }
    if (!warm)
        std::snprintf(command + used, sizeof command - static_cast<std::size_t>(used), " --cold");
    std::string messages;
    for (const auto &message : journal_->messages)
        if (message[0] != '\0')
            messages += std::string("    ") + message + "\n";
    std::printf("%s%s\n  %s\n%s", isatty(STDOUT_FILENO) ? "\r\033[K" : "", command, place.c_str(), messages.c_str());
    findings_.push_back({command, place, messages});
}

bool Sweep::try_case(const Scenario &scenario, const Variant &variant, std::span<const Rule> rules,
                     std::span<const KnownSite> at, bool warm)
{
    run_case(make_case(scenario, variant, rules, warm), *journal_);
    judge_holdings();
    ++totals_.cases;
    totals_.met += journal_->hits != 0;
    totals_.hits += journal_->hits;
    totals_.reported += journal_->reported;
    totals_.checked += journal_->checked;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        totals_.sites.insert(rules[i].site);
        totals_.faults.insert({rules[i].site, rules[i].fault.name});
    }
    for (std::size_t i = 0; i < totals_.violations.size(); ++i)
        totals_.violations[i] += journal_->violations[i] != 0;
    if (!journal_->clean())
        note_finding(scenario, variant, rules, at, warm);
    else if (options_.verbose)
        std::printf("%s %s %s %s %s: %" PRIu64 " faults, %" PRIu64 " reports\n", variant.name, scenario.name,
                    describe(at[0]).c_str(), rules[0].fault.name, rules[0].pattern.name, journal_->hits.load(),
                    journal_->reported.load());
    return journal_->clean();
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

/// What was taken out of a region has no other place than its own: there the library asks for memory again and again, as if the kernel had asked for that.
Rule Sweep::rule_at(const KnownSite &known, Fault fault, const Pattern &pattern)
{
    Site site;
    copy_to(known, site);
    fault.asks_again |= fault.error == ENOMEM && symbols_.mentions(site, "PrivateBacking::bring_back");
    return {known.id, fault, pattern};
}

void Sweep::sweep_second(const Scenario &scenario, const Variant &variant, const Rule &first, const KnownSite &site)
{
    const std::vector<KnownSite> reached = sites_of(*journal_);
    ask_for_names(reached);
    for (const KnownSite &second : reached) {
        if (out_of_time() || !second_sites_.insert(place_of(variant, second)).second)
            continue;
        for (const Fault &fault : plausible_faults(second.call, second.request))
            for (const char *pattern : {"once", "ever"}) {
                const Rule both[] = {first, rule_at(second, fault, *pattern_named(pattern))};
                const KnownSite at[] = {site, second};
                (void)try_case(scenario, variant, both, at, !site.cold);
                progress(variant.name, scenario.name);
            }
    }
}

void Sweep::sweep_site(const Scenario &scenario, const Variant &variant, const KnownSite &site,
                       const std::set<std::uint64_t> &ordinary)
{
    for (const Fault &fault : plausible_faults(site.call, site.request))
        for (const Pattern *pattern : patterns_for(site, fault)) {
            if (out_of_time())
                return;
            const Rule rule = rule_at(site, fault, *pattern);
            // Where the way out of the error led to.
            if (try_case(scenario, variant, {&rule, 1}, {&site, 1}, !site.cold) && options_.pairs) {
                std::vector<KnownSite> reached = sites_of(*journal_);
                std::erase_if(reached, [&](const KnownSite &one) { return ordinary.contains(one.id); });
                journal_->sites.clear();
                for (const KnownSite &one : reached)
                    if (Site *copy = journal_->sites.find_or_add(one.id, one.call, one.request, one.frames))
                        copy->calls = one.calls;
                sweep_second(scenario, variant, rule, site);
            }
            progress(variant.name, scenario.name);
        }
}

void Sweep::progress(const char *variant, const char *scenario)
{
    const bool terminal = isatty(STDOUT_FILENO);
    if (seconds_since(shown_) < (terminal ? 0.2 : 30))
        return;
    shown_ = Clock::now();
    const double done = (static_cast<double>(piece_) + share_) / static_cast<double>(std::max<std::size_t>(pieces_, 1));
    const double spent = seconds_since(begin_);
    std::printf("%s%3.0f%%  %.0f s, about %.0f s left  %s/%s  %zu sites, %" PRIu64 " cases, %" PRIu64
                " faults, %zu findings%s",
                terminal ? "\r" : "", done * 100, spent, done > 0.001 ? spent / done - spent : 0.0, variant, scenario,
                totals_.sites.size(), totals_.cases, totals_.hits, findings_.size(), terminal ? "\033[K" : "\n");
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
    pieces_ = options_.scenarios.size() * options_.variants.size();
    for (const Variant *variant : options_.variants)
        for (const Scenario *scenario : options_.scenarios) {
            if (out_of_time())
                break;
            const std::vector<KnownSite> sites = learn(*scenario, *variant);
            std::set<std::uint64_t> ordinary;
            for (const KnownSite &site : sites)
                ordinary.insert(site.id);
            share_ = 0;
            for (const KnownSite &site : sites) {
                std::size_t &times = scenarios_of_site_[place_of(*variant, site)];
                if (options_.scenarios_per_site == 0 || times < options_.scenarios_per_site)
                    sweep_site(*scenario, *variant, site, ordinary);
                ++times;
                share_ += 1.0 / static_cast<double>(sites.size());
            }
            ++piece_;
        }
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
                            describe(site).c_str());
        }
    return findings_.empty() ? 0 : 1;
}

bool Sweep::matches(const KnownSite &known, const std::string &names)
{
    const std::string text = describe(known);
    for (std::size_t begin = 0; begin < names.size();) {
        const std::size_t end = std::min(names.find(',', begin), names.size());
        if (text.find(names.substr(begin, end - begin)) == std::string::npos)
            return false;
        begin = end + 1;
    }
    return true;
}

/// Where the first fault leads to.
std::optional<KnownSite> Sweep::find_second(const Case &first)
{
    run_case(first, *journal_);
    for (const KnownSite &site : sites_of(*journal_))
        if (options_.second_site != 0 ? site.id == options_.second_site : matches(site, options_.then_at))
            return site;
    return {};
}

int Sweep::repeat()
{
    int failed = 0;
    bool any = false;
    for (const Variant *variant : options_.variants)
        for (const Scenario *scenario : options_.scenarios) {
            const std::vector<KnownSite> sites = learn(*scenario, *variant);
            for (const KnownSite &site : sites) {
                if (options_.site != 0 ? site.id != options_.site : !matches(site, options_.at))
                    continue;
                std::vector<Rule> rules;
                const Fault *fault = fault_named(site.call, site.request, options_.error);
                if (!fault || !pattern_named(options_.pattern)) {
                    std::printf("%s: no fault %s, or no pattern %s\n", describe(site).c_str(), options_.error.c_str(),
                                options_.pattern.c_str());
                    return 2;
                }
                rules.push_back(rule_at(site, *fault, *pattern_named(options_.pattern)));
                std::vector<KnownSite> at{site};
                if (options_.second_site != 0 || !options_.then_at.empty()) {
                    const std::optional<KnownSite> second =
                        find_second(make_case(*scenario, *variant, rules, !site.cold && !options_.cold));
                    const Fault *then =
                        second ? fault_named(second->call, second->request, options_.second_error) : nullptr;
                    if (!then || !pattern_named(options_.second_pattern)) {
                        std::printf("the second site was not reached, or has no fault %s\n",
                                    options_.second_error.c_str());
                        return 2;
                    }
                    rules.push_back(rule_at(*second, *then, *pattern_named(options_.second_pattern)));
                    at.push_back(*second);
                }
                any = true;
                std::printf("%s / %s: %s %s from %s\n", variant->name, scenario->name, rules[0].fault.name,
                            rules[0].pattern.name, describe(site).c_str());
                for (int i = 0; i < options_.repeat; ++i) {
                    Case one = make_case(*scenario, *variant, rules, !site.cold && !options_.cold);
                    one.quiet = false;
                    one.wait = options_.wait;
                    run_case(one, *journal_);
                    judge_holdings();
                    const bool right = journal_->clean() && (!options_.unnoticed || journal_->reported == 0);
                    std::printf("  %" PRIu64 " faults, %" PRIu64 " errors reported, %s\n", journal_->hits.load(), journal_->reported.load(),
                                right ? "nothing wrong" : "not as it should be:");
                    for (const auto &message : journal_->messages)
                        if (message[0] != '\0')
                            std::printf("    %s\n", message);
                    failed += !right;
                }
            }
        }
    if (!any) {
        std::printf("no such site\n");
        return 2;
    }
    return failed == 0 ? 0 : 1;
}

} // namespace

int sweep(const Options &options) { return Sweep(options).run(); }
int repeat(const Options &options) { return Sweep(options).repeat(); }
int list(const Options &options) { return Sweep(options).list(); }

} // namespace torture
