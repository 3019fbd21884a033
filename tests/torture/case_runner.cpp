// SPDX-License-Identifier: MIT
#include "case_runner.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <set>

#include <sys/mman.h>

namespace torture {
namespace {

/// As those who name sites want it.
struct NamedSite : Site {
    explicit NamedSite(const KnownSite &known)
    {
        id = known.id;
        request = known.request;
        frames = known.frames;
        call = known.call;
    }
};

} // namespace

SharedJournal::SharedJournal()
{
    void *memory = mmap(nullptr, sizeof(Journal), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    journal_ = new (memory) Journal;
}

Case CaseRunner::make_case(const Scenario &scenario, const Variant &variant, std::span<const Rule> rules,
                           bool warm) const
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

std::vector<KnownSite> CaseRunner::learn(const Scenario &scenario, const Variant &variant)
{
    record(make_case(scenario, variant, {}, false), *journal_);
    const std::vector<KnownSite> first = reached();
    record(make_case(scenario, variant, {}, true), *journal_);
    std::vector<KnownSite> sites = reached();
    std::set<std::uint64_t> warm;
    for (const KnownSite &site : sites)
        warm.insert(site.id);
    for (KnownSite site : first)
        if (!warm.contains(site.id)) {
            site.cold = true;
            sites.push_back(site);
        }
    ask_for_names(sites);
    return sites;
}

void CaseRunner::run(const Case &one)
{
    run_case(one, *journal_);
    judge_holdings();
}

std::vector<KnownSite> CaseRunner::reached()
{
    std::vector<KnownSite> list;
    journal_->sites.for_each([&](const Site &site) {
        list.push_back({site.id, site.request, site.frames, site.call, site.calls, false});
    });
    std::sort(list.begin(), list.end(), [](const KnownSite &a, const KnownSite &b) { return a.id < b.id; });
    return list;
}

/// What was taken out of a region has no other place than its own: there the library asks for memory again and again, as if the kernel had asked for that.
Rule CaseRunner::rule_at(const KnownSite &known, Fault fault, const Pattern &pattern)
{
    fault.asks_again |= fault.error == ENOMEM && symbols_.mentions(NamedSite(known), "PrivateBacking::bring_back");
    return {known.id, fault, pattern};
}

std::string CaseRunner::describe(const KnownSite &known) { return symbols_.describe(NamedSite(known)); }

bool CaseRunner::matches(const KnownSite &known, const std::string &names)
{
    const std::string text = describe(known);
    std::size_t end = std::min(names.find(','), names.size());
    if (!text.starts_with(names.substr(0, end) + ' ')) // not any call of a function that is named like it
        return false;
    while (end < names.size()) {
        const std::size_t begin = end + 1;
        end = std::min(names.find(',', begin), names.size());
        if (text.find(names.substr(begin, end - begin)) == std::string::npos)
            return false;
    }
    return true;
}

void CaseRunner::ask_for_names(std::span<const KnownSite> sites)
{
    std::vector<std::uint64_t> offsets;
    for (const KnownSite &site : sites)
        for (const std::uint64_t frame : site.frames)
            if (frame != 0)
                offsets.push_back(frame);
    symbols_.ask_for(offsets);
}

/// Memory that is held by design, for the next handle, is no leak.
void CaseRunner::judge_holdings()
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

} // namespace torture
