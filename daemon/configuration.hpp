// SPDX-License-Identifier: MIT
// The settings that hold: flags before environment before file before defaults.
#pragma once

#include "command_line.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ufod {

class Configuration {
  public:
    /// From the file that the command line names, or else the usual one if that exists; throws UsageError, which names file and line.
    static Configuration load(const CommandLine &line);

    const Settings &settings() const { return settings_; }
    /// Things that are odd, but can be lived with.
    const std::vector<std::string> &warnings() const { return warnings_; }
    /// Settings with other values than in `other`.
    std::vector<const Setting *> differences(const Configuration &other) const;
    /// As a configuration file which says where each value comes from.
    std::string text() const;

  private:
    struct Value {
        std::string text;
        std::string origin; ///< for people: "--budget", "UFOD_BUDGET", "ufod.conf:3"
        bool operator==(const Value &other) const { return text == other.text; }
    };
    using Values = std::map<const Setting *, std::vector<Value>>;

    static Values from_file(const CommandLine &line);
    Values from_environment();
    static Values from_flags(const CommandLine &line);
    /// What `layer` sets replaces what was there.
    void put_over(Values &&layer);
    void evaluate();

    Values values_; ///< none: the default
    Settings settings_;
    std::vector<std::string> warnings_;
};

} // namespace ufod
