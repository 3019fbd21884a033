// SPDX-License-Identifier: MIT
// The files that clients find by a name, and how the list changes while the server runs.
#pragma once

#include "library.hpp"
#include "settings.hpp"

#include <map>
#include <span>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace ufod {

/// What a region for the file has to be like; throws with a sentence if the file cannot be opened or does not fit.
RegionConfig configure(const Publication &publication, std::uint64_t chunk_bytes);

class Publications {
  public:
    explicit Publications(std::uint64_t chunk_bytes) : chunk_bytes_(chunk_bytes) {}

    /// Publishes `wanted`, and withdraws what is not in it.  A file that has changed, or has been replaced, is published anew.
    /// @return a sentence for each that failed; the others hold, and one that was there before stays if its successor is not to be had
    std::vector<std::string> change(ufo_server *server, std::span<const Publication> wanted);

  private:
    struct Published {
        Publication publication;
        struct stat file; ///< as it was
    };
    void publish(ufo_server *server, const Publication &publication);

    const std::uint64_t chunk_bytes_;
    std::map<std::string, Published> published_; ///< by name
};

} // namespace ufod
