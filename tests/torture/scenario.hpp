// SPDX-License-Identifier: MIT
// Small programs over the C interface that check themselves.  Each makes what it needs, uses it, and frees it again.
#pragma once

#include "pass.hpp"

#include <span>
#include <string_view>

namespace torture {

struct Scenario {
    const char *name;
    void (*run)(Pass &pass);
    bool quick = false; ///< also part of the short run
};

std::span<const Scenario> scenarios();
const Scenario *scenario_named(std::string_view name);

/// Groups of scenarios, one to a file.
std::span<const Scenario> computed_scenarios();
std::span<const Scenario> walk_scenarios();
std::span<const Scenario> stored_scenarios();
std::span<const Scenario> served_scenarios();
std::span<const Scenario> surrounding_scenarios();
std::span<const Scenario> scarce_scenarios();
std::span<const Scenario> meddling_scenarios();

} // namespace torture
