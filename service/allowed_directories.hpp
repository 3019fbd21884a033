// SPDX-License-Identifier: MIT
// Which files may be shared, where that is restricted: those in or below certain directories.
#pragma once

#include "kernel/file.hpp"
#include "status.hpp"

#include <string>
#include <vector>

namespace ufomem::service {

/// What check() guarantees: at that moment a path below one of the directories, without symbolic links, led to the very file that the descriptor is of
/// (same device, same inode).  The directories are those that were there when they were opened, whatever they are called by now.
///
/// A descriptor remembers the path by which its file was opened.  So a file that is also linked below an allowed directory has to be opened by that name; and one that was
/// opened in a mount namespace where it has another path is refused.  A path that a client has made up in a namespace of its own does not help it: it is followed in ours.
class AllowedDirectories {
  public:
    /// None: every file is allowed.  Throws std::bad_alloc.
    static Result<AllowedDirectories> open(const std::vector<std::string> &paths);

    /// Throws std::bad_alloc.
    Status check(const kernel::File &file) const;

  private:
    std::vector<kernel::File> directories_;
};

} // namespace ufomem::service
