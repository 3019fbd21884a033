// SPDX-License-Identifier: MIT
// Where clients knock: a socket that this service has made in the file system, or one that it was given.
#pragma once

#include "kernel/unix_socket.hpp"

#include <atomic>
#include <string>

#include <sys/stat.h>

namespace ufomem::service {

/// Where services and clients meet unless told otherwise: $UFOMEM_SERVICE, or ufomem/service in $XDG_RUNTIME_DIR, or /run/ufomem/service.  Throws std::bad_alloc.
std::string default_socket_path();

class Listener {
  public:
    /// An empty path: the default one, whose last directory is made if it is missing.  Throws std::bad_alloc.
    static Result<Listener> at(const std::string &path, mode_t mode);
    /// A socket that listens already; the descriptor is duplicated.
    static Result<Listener> adopt(int descriptor);

    Listener() = default;
    Listener(Listener &&other) noexcept { *this = std::move(other); }
    Listener &operator=(Listener &&other) noexcept;
    ~Listener();

    const kernel::UnixSocket &socket() const { return socket_; }
    const std::string &path() const { return path_; }
    /// The socket stays in the file system, as somebody else listens at it from now on.
    void leave() noexcept { ours_.store(false, std::memory_order_relaxed); }

  private:
    kernel::UnixSocket socket_;
    std::string path_;    // empty for one that was given
    struct stat made_ {}; // what lies at the path, if it is ours
    std::atomic<bool> ours_{false};
};

} // namespace ufomem::service
