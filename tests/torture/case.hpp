// SPDX-License-Identifier: MIT
// One case: a scenario in a variant of the surroundings, with faults at some sites, in a child process.
#pragma once

#include "journal.hpp"
#include "scenario.hpp"

#include <span>
#include <string>
#include <string_view>

namespace torture {

/// What another kernel, or another user, would get: told to the library by its environment.
struct Variant {
    const char *name;
    const char *delivery;     ///< UFOMEM_DELIVERY, or null
    const char *features_off; ///< UFOMEM_FEATURES_OFF, or null
};
std::span<const Variant> variants();
const Variant *variant_named(std::string_view name);

struct Case {
    const Scenario *scenario = nullptr;
    const Variant *variant = nullptr;
    std::span<const Rule> rules{};
    std::size_t frames = 1; ///< that make a site
    /// With a warm start the scenario has run once before faults happen, so that what is left at the end can be compared with the beginning.
    bool warm = true;
    std::string folder;
    int time_limit_seconds = 20;
    bool quiet = true; ///< what the child prints is thrown away
    bool wait = false; ///< a child that hangs is left for a debugger
};

/// Runs the case, and writes into the journal what came of it.
void run_case(const Case &one, Journal &journal);
/// Only to learn the sites.
void record(const Case &one, Journal &journal);

} // namespace torture
