// SPDX-License-Identifier: MIT
// Command lines of the form "--name value", where a size may end in K, M or G (powers of 1024).
#pragma once

#include "common/die.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace bench {

class Options {
  public:
    Options(int argc, char **argv)
    {
        for (int i = 1; i < argc; i++) {
            const std::string name = argv[i];
            if (name.rfind("--", 0) != 0)
                die("'" + name + "' is not an option (they look like --name value)");
            const bool has_value = i + 1 < argc && std::string(argv[i + 1]).rfind("--", 0) != 0;
            values_[name.substr(2)] = has_value ? argv[++i] : "";
        }
    }

    [[nodiscard]] bool flag(const std::string &name)
    {
        known_.insert(name);
        return values_.contains(name);
    }

    [[nodiscard]] std::string text(const std::string &name, const std::string &fallback)
    {
        known_.insert(name);
        const auto found = values_.find(name);
        return found == values_.end() ? fallback : found->second;
    }

    [[nodiscard]] std::size_t size(const std::string &name, std::size_t fallback)
    {
        const std::string value = text(name, "");
        return value.empty() ? fallback : parse_size(name, value);
    }

    /// To be called when all options have been asked for: what nobody asked for is a mistake.
    void finish() const
    {
        for (const auto &[name, value] : values_)
            if (!known_.contains(name))
                die("there is no option --" + name);
    }

  private:
    static std::size_t parse_size(const std::string &name, const std::string &value)
    {
        char *end = nullptr;
        const unsigned long long number = std::strtoull(value.c_str(), &end, 10);
        const std::string unit = end;
        const int shift = unit.empty() ? 0 : unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : -1;
        if (end == value.c_str() || shift < 0)
            die("--" + name + " wants a number, perhaps with K, M or G, not '" + value + "'");
        return static_cast<std::size_t>(number) << shift;
    }

    std::map<std::string, std::string> values_;
    std::set<std::string> known_;
};

} // namespace bench
