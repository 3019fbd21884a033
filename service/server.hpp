// SPDX-License-Identifier: MIT
// The service: listens, and has one session for each client.
#pragma once

#include "session.hpp"

#include <memory>
#include <string>
#include <thread>

namespace ufomem::service {

class Server {
  public:
    struct Options {
        std::shared_ptr<Core> core;     ///< its budget is that of all clients together
        std::string path;               ///< of the socket
        mode_t mode = 0600;             ///< of the socket: who may connect
        std::size_t clients = 1024;     ///< at a time
        std::size_t idle_files = 16;    ///< that stay in memory although no client has them open
        unsigned most_threads = 64;     ///< that answer faults
        Limits limits;                  ///< of each client
        Log log;
    };
    struct Stats {
        std::size_t clients = 0;
    };

    /// Throws std::bad_alloc.
    static Result<std::unique_ptr<Server>> start(Options options);
    ~Server();
    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;

    /// Regions by name; throws std::bad_alloc.
    Catalogue &catalogue() { return catalogue_; }
    Stats stats() const { return {clients_.load(std::memory_order_relaxed)}; }

  private:
    explicit Server(Options options);
    Status open() noexcept;
    void run() noexcept;
    void admit() noexcept;
    void hear(std::uint64_t tag) noexcept;
    void dismiss(std::map<std::uint64_t, std::shared_ptr<Session>>::iterator session) noexcept;

    const Options options_;
    Catalogue catalogue_;
    FaultThreads threads_;
    kernel::File process_;
    kernel::UnixSocket listening_;
    kernel::EventQueue requests_;
    Host host_;
    std::map<std::uint64_t, std::shared_ptr<Session>> sessions_; // of the thread's own
    std::uint64_t next_client_ = 1;
    std::atomic<std::size_t> clients_{0};
    std::thread thread_;
};

} // namespace ufomem::service
