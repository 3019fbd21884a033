// SPDX-License-Identifier: MIT
#include "repeat.hpp"

#include "case_runner.hpp"

#include <cinttypes>
#include <cstdio>
#include <optional>

namespace torture {
namespace {

/// Which thread does what, and so who needs the next page of memory, is not the same each time: a place may be met only now and then.
constexpr int most_looks = 20;

class Repetition {
  public:
    explicit Repetition(const Options &options) : options_(options), runner_(options) {}

    int run();

  private:
    struct Outcome {
        int runs = 0;
        int met = 0;   ///< runs in which the fault happened
        int wrong = 0; ///< ... and was not dealt with as it should be
    };

    std::optional<KnownSite> find_second(const Case &first);
    void look(const Scenario &scenario, const Variant &variant, Outcome &outcome);
    void run_once(const Case &one, Outcome &outcome);
    const Fault *fault_at(const KnownSite &site, const std::string &error, const std::string &pattern);

    const Options &options_;
    CaseRunner runner_;
    bool misnamed_ = false; ///< an error or a pattern that there is not
};

/// Null, and misnamed, if there is no such fault.
const Fault *Repetition::fault_at(const KnownSite &site, const std::string &error, const std::string &pattern)
{
    const Fault *fault = fault_named(site.call, site.request, error);
    if (fault && pattern_named(pattern))
        return fault;
    std::printf("%s: no fault %s, or no pattern %s\n", runner_.describe(site).c_str(), error.c_str(), pattern.c_str());
    misnamed_ = true;
    return nullptr;
}

/// Where the first fault leads to.
std::optional<KnownSite> Repetition::find_second(const Case &first)
{
    runner_.run(first);
    for (const KnownSite &site : runner_.reached())
        if (options_.second_site != 0 ? site.id == options_.second_site : runner_.matches(site, options_.then_at))
            return site;
    return {};
}

void Repetition::run_once(const Case &one, Outcome &outcome)
{
    runner_.run(one);
    Journal &journal = runner_.journal();
    const bool right = journal.clean() && (!options_.unnoticed || journal.reported == 0);
    std::printf("  %" PRIu64 " faults, %" PRIu64 " errors reported, %s\n", journal.hits.load(), journal.reported.load(),
                right ? "nothing wrong" : "not as it should be:");
    for (const auto &message : journal.messages)
        if (message[0] != '\0')
            std::printf("    %s\n", message);
    ++outcome.runs;
    outcome.met += journal.hits != 0;
    outcome.wrong += !right;
}

void Repetition::look(const Scenario &scenario, const Variant &variant, Outcome &outcome)
{
    for (const KnownSite &site : runner_.learn(scenario, variant)) {
        if (options_.site != 0 ? site.id != options_.site : !runner_.matches(site, options_.at))
            continue;
        const bool warm = !site.cold && !options_.cold;
        const Fault *const fault = fault_at(site, options_.error, options_.pattern);
        if (!fault)
            return;
        std::vector<Rule> rules{runner_.rule_at(site, *fault, *pattern_named(options_.pattern))};
        if (options_.second_site != 0 || !options_.then_at.empty()) {
            const std::optional<KnownSite> second = find_second(runner_.make_case(scenario, variant, rules, warm));
            if (!second)
                continue;
            const Fault *const then = fault_at(*second, options_.second_error, options_.second_pattern);
            if (!then)
                return;
            rules.push_back(runner_.rule_at(*second, *then, *pattern_named(options_.second_pattern)));
        }
        std::printf("%s / %s: %s %s from %s\n", variant.name, scenario.name, rules[0].fault.name, rules[0].pattern.name,
                    runner_.describe(site).c_str());
        Case one = runner_.make_case(scenario, variant, rules, warm);
        one.quiet = false;
        one.wait = options_.wait;
        for (int i = 0; i < options_.repeat; ++i)
            run_once(one, outcome);
    }
}

int Repetition::run()
{
    bool failed = false;
    for (const Variant *variant : options_.variants)
        for (const Scenario *scenario : options_.scenarios) {
            Outcome outcome;
            for (int i = 0; i < most_looks && outcome.met == 0 && outcome.wrong == 0; ++i) {
                look(*scenario, *variant, outcome);
                if (misnamed_)
                    return 2;
            }
            if (outcome.met == 0)
                std::printf("%s / %s: %s\n", variant->name, scenario->name,
                            outcome.runs == 0 ? "no such site" : "the fault never happened");
            failed |= outcome.met == 0 || outcome.wrong != 0;
        }
    return failed ? 1 : 0;
}

} // namespace

int repeat(const Options &options) { return Repetition(options).run(); }

} // namespace torture
