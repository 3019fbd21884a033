// SPDX-License-Identifier: MIT
// Names of places in the library: addr2line's, each asked for once.
#pragma once

#include "inject/injector.hpp"

#include <map>
#include <string>
#include <vector>

namespace torture {

class Symbols {
  public:
    Symbols();
    /// The code of all functions whose names begin so.
    std::vector<Code> code_of(const std::vector<std::string> &functions) const;
    /// So that each of the following need not be asked for alone, which takes long.
    void ask_for(const std::vector<std::uint64_t> &offsets);
    /// "call in function (file:line) < function (file:line) ...", innermost first, with what was inlined.
    std::string describe(const Site &site);
    /// Without lines, which change with every edit.
    bool mentions(const Site &site, const std::string &function);

  private:
    struct Place {
        std::string function;
        std::string where;
    };
    const std::vector<Place> &places(std::uint64_t offset);

    std::string library_;
    std::map<std::uint64_t, std::vector<Place>> known_;
};

} // namespace torture
