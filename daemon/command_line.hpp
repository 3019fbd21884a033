// SPDX-License-Identifier: MIT
// What the program was told to do, and the settings among its flags.
#pragma once

#include "settings.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ufod {

struct CommandLine {
    enum class Task { serve, check, stats, help, version };
    Task task = Task::serve;
    bool json = false;                                           ///< with stats
    std::optional<std::string> file;                             ///< of the configuration
    std::vector<std::pair<const Setting *, std::string>> values; ///< in their order
};

/// What the user wrote cannot be understood, or is not acceptable: exit code 2.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Throws UsageError.
CommandLine parse_command_line(int argc, char **argv);
/// The text of --help.
std::string help_text();

} // namespace ufod
