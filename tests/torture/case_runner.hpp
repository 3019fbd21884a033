// SPDX-License-Identifier: MIT
// Runs cases, knows the sites that they reach, and judges what they leave behind.
#pragma once

#include "case.hpp"
#include "options.hpp"
#include "symbols.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace torture {

/// A site as the parent keeps it.
struct KnownSite {
    std::uint64_t id = 0;
    std::uint64_t request = 0;
    std::array<std::uint64_t, Site::most_frames> frames{};
    Call call{};
    std::uint32_t calls = 0;
    bool cold = false; ///< reached by the first pass of a process only
};

/// In memory that the children share.
class SharedJournal {
  public:
    SharedJournal();
    SharedJournal(const SharedJournal &) = delete;
    SharedJournal &operator=(const SharedJournal &) = delete;
    Journal &operator*() { return *journal_; }
    Journal *operator->() { return journal_; }

  private:
    Journal *journal_;
};

class CaseRunner {
  public:
    explicit CaseRunner(const Options &options) : options_(options) {}

    Case make_case(const Scenario &scenario, const Variant &variant, std::span<const Rule> rules, bool warm) const;
    /// The sites that a scenario reaches, in a fresh process or again.  Without any fault: the journal is clean, or says what is wrong.
    std::vector<KnownSite> learn(const Scenario &scenario, const Variant &variant);
    void run(const Case &one);
    /// Those of the last case.
    std::vector<KnownSite> reached();
    Rule rule_at(const KnownSite &known, Fault fault, const Pattern &pattern);

    std::string describe(const KnownSite &known);
    /// Whether it is the call that is named first, and its description has all the others in it, separated by commas.
    bool matches(const KnownSite &known, const std::string &names);
    /// All at once: to ask for each takes long.
    void ask_for_names(std::span<const KnownSite> sites);

    Journal &journal() { return *journal_; }

  private:
    void judge_holdings();

    const Options &options_;
    SharedJournal journal_;
    Symbols symbols_;
};

} // namespace torture
