// SPDX-License-Identifier: MIT
// The service: listens, and has one session for each client.
#pragma once

#include "figures.hpp"
#include "kernel/thread.hpp"
#include "listener.hpp"
#include "session.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ufomem::service {

class Server {
  public:
    struct Options {
        std::shared_ptr<Core> core; ///< its budget is that of all clients together
        std::string path;           ///< of the socket; empty: default_socket_path()
        mode_t mode = 0600;         ///< of the socket: who may connect
        int socket =
            -1; ///< one that listens already, instead of a path; it is duplicated, and stays in the file system
        std::size_t chunk_bytes = 0; ///< of files, unless their client asks for something else; 0: the engine's default
        bool admits_at_once = true;  ///< else who connects waits for begin_admission()
        std::vector<std::string> directories; ///< only files in or below these may be shared; none: all
        Limits limits;
        Log log;
    };
    /// Throws std::bad_alloc.
    static Result<std::unique_ptr<Server>> start(Options options);
    ~Server();
    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;

    /// Lets in who connects, and who has connected.  Any thread; a second time does nothing.
    Status begin_admission() noexcept;

    /// Regions by name; throws std::bad_alloc.
    Catalogue &catalogue() { return catalogue_; }
    /// Any thread.
    ServerFigures figures() noexcept;

    /// Where it listens; empty if it was given a socket.
    const std::string &path() const { return listener_.path(); }
    /// The listening socket, for a successor in this process or another one (Options::socket).  From now on this service admits nobody, and leaves the
    /// socket in the file system; it goes on for those whom it has.  Any thread, and again if the successor has failed.
    Result<kernel::File> hand_over() noexcept;

  private:
    Server(Options options, AllowedDirectories allowed);
    Status open();
    void run() noexcept;
    void listen() noexcept;
    void admit() noexcept;
    bool has_room_for(const kernel::Peer &peer) const noexcept;
    void dismiss(std::map<std::uint64_t, std::shared_ptr<Session>>::iterator session) noexcept;

    const Options options_;
    Catalogue catalogue_;
    FaultThreads threads_;
    Counts counts_;
    kernel::File process_;
    Listener listener_;
    kernel::EventQueue requests_;
    Host host_;
    std::map<std::uint64_t, std::shared_ptr<Session>> sessions_; // of the thread's own
    std::uint64_t next_client_ = 1;                              // of the thread's own
    std::int64_t admits_again_ = 0; // of the thread's own: when, in nanoseconds; 0: it does
    std::atomic<bool> admitting_{false};
    std::atomic<bool> handed_over_{false};
    std::atomic<std::size_t> clients_{0};
    std::atomic<std::uint64_t> clients_ever_{0};
    kernel::Thread thread_;
};

} // namespace ufomem::service
