// SPDX-License-Identifier: MIT
#pragma once

#include "mapping.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace compat {

/// All mapped regions of this process, by address.
class Mappings {
  public:
    static Mappings &of_process();

    /// Maps it where `request.address` says.  `instead`: what is mapped there already, by others, goes; false: `request.address` is a wish.
    /// Null, with errno set and the reason in the log, if that cannot be.
    std::shared_ptr<Mapping> add(ufo_core *core, MappingRequest request, bool instead);
    /// Null if no region begins there.
    std::shared_ptr<Mapping> starting_at(const void *address);
    /// Null if no region has that address.
    std::shared_ptr<Mapping> holding(const void *address);
    std::vector<std::shared_ptr<Mapping>> all();
    /// If it is still the one at its place.
    void remove(const std::shared_ptr<Mapping> &mapping);

  private:
    std::shared_ptr<Mapping> place(ufo_core *core, MappingRequest request, bool instead);
    bool meets(const char *start, std::size_t bytes);

    std::mutex mutex_;
    std::map<const char *, std::shared_ptr<Mapping>, std::less<>> by_start_;
};

} // namespace compat
