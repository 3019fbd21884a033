// SPDX-License-Identifier: MIT
// A client of a service: its regions, and what becomes of them when the service ends.
#pragma once

#include "client_region.hpp"
#include "connection.hpp"
#include "kernel/thread.hpp"
#include "log.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ufomem::service {

class Client : public std::enable_shared_from_this<Client> {
  public:
    /// Throws std::bad_alloc.
    static Result<std::shared_ptr<Client>> connect(const std::string &path, Log log);
    ~Client();
    Client(const Client &) = delete;
    Client &operator=(const Client &) = delete;

    /// The whole of a file that this process has opened for reading; the descriptor can be closed afterwards.  Throws std::bad_alloc.
    Result<std::unique_ptr<ClientRegion>> open_file(int file, std::size_t chunk_bytes = 0, void *address = nullptr);
    /// What the service has published by that name.  Throws std::bad_alloc.
    Result<std::unique_ptr<ClientRegion>> open_name(const std::string &name, void *address = nullptr);

    /// Whether there is no service at the moment.
    bool lost() const { return lost_.load(std::memory_order_acquire); }
    Status lost_status() const noexcept;

    template <class Answer, class Request> Result<Answer> ask(const Request &request) noexcept
    {
        const std::shared_ptr<Connection> connection = this->connection();
        return connection ? connection->ask<Answer>(request) : lost_status();
    }

  private:
    friend class ClientRegion;
    Client(std::string path, Log log) : path_(std::move(path)), log_(std::move(log)) {}
    Status open();
    std::shared_ptr<Connection> connection() noexcept;
    Result<std::unique_ptr<ClientRegion>> open_region(ClientRegion::Content content);
    void close_region(ClientRegion &region) noexcept;

    // The watcher's.
    void watch() noexcept;
    void lose() noexcept;
    bool give_memory_up() noexcept;
    bool recover() noexcept;
    bool reconnect();

    const std::string path_;
    const Log log_;
    uid_t served_by_ = 0; // the user that the service runs as
    kernel::EventQueue ends_;
    kernel::Thread watcher_;

    std::mutex mutex_; // also held while a region is mapped, so that none escapes the end
    std::shared_ptr<Connection> connection_; // guarded by mutex_; null: there is no service
    std::vector<ClientRegion *> regions_;    // guarded by mutex_
    std::atomic<bool> lost_{false};          // changed with mutex_ held
};

} // namespace ufomem::service
