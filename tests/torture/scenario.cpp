// SPDX-License-Identifier: MIT
#include "scenario.hpp"

#include <vector>

namespace torture {

std::span<const Scenario> scenarios()
{
    static const std::vector<Scenario> all = [] {
        std::vector<Scenario> list;
        // Those that take long come last: they have what a sweep has not met before, and who stops early has the others.
        for (const auto group : {computed_scenarios(), walk_scenarios(), stored_scenarios(), meddling_scenarios(), served_scenarios(), surrounding_scenarios(),
                                 scarce_scenarios()})
            list.insert(list.end(), group.begin(), group.end());
        return list;
    }();
    return all;
}

const Scenario *scenario_named(std::string_view name)
{
    for (const Scenario &scenario : scenarios())
        if (name == scenario.name)
            return &scenario;
    return nullptr;
}

} // namespace torture
