// SPDX-License-Identifier: MIT
// The results, as a table for people and as JSON for programs.
#pragma once

#include "runner/child.hpp"
#include "runner/machine.hpp"
#include "runner/plan.hpp"

#include <cstdio>

namespace bench {

struct CaseResult {
    Case what;
    std::vector<Figures> runs; ///< those that succeeded
    unsigned failed = 0;
};

struct GroupResult {
    Group what;
    std::vector<CaseResult> cases;
};

/// The figure that a group is about, of one run.
[[nodiscard]] double value_of(Unit unit, const Figures &run);

void print_heading(std::FILE *out, const Facts &facts, const Scale &scale, unsigned rounds);
void print_group(std::FILE *out, const GroupResult &group);
void print_legend(std::FILE *out);
void print_json(std::FILE *out, const Facts &facts, const Scale &scale, const std::vector<GroupResult> &groups);

} // namespace bench
