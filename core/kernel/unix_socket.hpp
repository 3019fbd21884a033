// SPDX-License-Identifier: MIT
// Sockets between processes of one machine that keep messages apart and carry descriptors: the one place that speaks to them.
#pragma once

#include "../status.hpp"
#include "file.hpp"

#include <chrono>
#include <cstddef>
#include <span>

#include <sys/types.h>

namespace ufomem::kernel {

/// Who is at the other end, as the kernel knows him.
struct Peer {
    pid_t process = 0;
    uid_t user = 0;
    gid_t group = 0;
};

class UnixSocket {
  public:
    UnixSocket() = default;
    explicit UnixSocket(File file) : file_(std::move(file)) {}

    /// Listens at a path; what is left there of a service that has ended is replaced.  Never sleeps in accept().
    static Result<UnixSocket> listen_at(const char *path, mode_t mode);
    static Result<UnixSocket> connect_to(const char *path);

    int descriptor() const { return file_.descriptor(); }
    explicit operator bool() const { return static_cast<bool>(file_); }

    /// Somebody who has connected; empty if there is nobody.
    UnixSocket accept() const noexcept;
    Peer peer() const noexcept;
    /// A descriptor that becomes readable when the process at the other end has ended, whoever has inherited its socket; none before Linux 6.5.
    File peer_process() const noexcept;
    /// send() and receive() give up after that time; 0: at once.
    Status limit_waiting(std::chrono::milliseconds time) const noexcept;

    /// Ends the conversation for both sides; the descriptor stays.
    void shut_down() const noexcept;

    /// A whole message; with it a descriptor, if there is one.
    Status send(std::span<const std::byte> message, int descriptor = -1) const noexcept;

    struct Received {
        std::size_t size = 0;     ///< of the message; 0: the other end has closed
        bool cut_off = false;     ///< the message, or the descriptors with it, did not fit
        bool refused = false;     ///< there was a descriptor with it, and this process may not have another one
        File descriptor;          ///< if there was one with it
    };
    Result<Received> receive(std::span<std::byte> room) const noexcept;

  private:
    File file_;
};

} // namespace ufomem::kernel
