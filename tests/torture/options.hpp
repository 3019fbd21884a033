// SPDX-License-Identifier: MIT
#pragma once

#include "case.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace torture {

struct Options {
    std::vector<const Scenario *> scenarios; ///< all, unless named
    std::vector<const Variant *> variants;
    std::string folder = "/tmp"; ///< for files and the spill
    std::size_t frames = 2;
    std::vector<std::string> patterns;  ///< names; empty: all
    std::size_t scenarios_per_site = 0; ///< 0: all that reach it
    bool together = false;              ///< ... in whichever variant: none again that an earlier one had
    bool pairs = false;                 ///< also a second fault on the way that the first one opens
    double seconds = 0;                 ///< stop after that time; 0: at the end
    std::string result;                 ///< a file for the figures, as JSON
    bool quick = false;
    bool list = false;
    bool verbose = false;
    bool wait = false;
    int time_limit = 20;

    // One case.
    std::uint64_t site = 0;
    std::string at; ///< instead of a number, the call and functions that its frames mention, separated by commas
    std::string error;
    std::string pattern = "once";
    std::uint64_t second_site = 0;
    std::string then_at;
    std::string second_error;
    std::string second_pattern = "once";
    bool cold = false;
    bool unnoticed = false;
    int repeat = 1;

    static Options parse(int argc, char **argv);
};

} // namespace torture
