// SPDX-License-Identifier: MIT
// The other side: a process that sees regions of a service.
//
// What is in the service's memory is mapped by the kernel without anybody's doing; the rest the service brings in, through this process's
// userfaultfd, of which it has a descriptor.  This process keeps one, too: with the last of them absent pages would turn into zeros.
#pragma once

#include "kernel/event_queue.hpp"
#include "kernel/memory.hpp"
#include "kernel/unix_socket.hpp"
#include "kernel/userfaultfd.hpp"
#include "log.hpp"
#include "protocol.hpp"
#include "units.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ufomem::service {

class Client;

/// A region of the service, mapped for reading for as long as this object lives.  When the service ends, every access raises SIGBUS.
class ClientRegion {
  public:
    ClientRegion(const ClientRegion &) = delete;
    ClientRegion &operator=(const ClientRegion &) = delete;
    ~ClientRegion();

    const std::byte *data() const { return mapping_.data(); }
    std::size_t bytes() const { return bytes_; }
    std::size_t element_size() const { return element_size_; }
    std::size_t chunk_bytes() const { return chunk_bytes_; }

    /// Brings the bytes in, and says so if they cannot be had.  Any thread.
    Status touch(ByteRange range) const noexcept;
    /// Copies bytes out; an error where a load would end in a signal.  Any thread.
    Status read(ByteRange range, std::byte *out) const noexcept;
    /// What could not be had may be asked for again.
    Status forget_failures(ByteRange range) const noexcept;

  private:
    friend class Client;
    ClientRegion() = default;
    Status check(ByteRange range) const noexcept;

    std::shared_ptr<Client> client_;
    std::uint64_t number_ = 0;
    std::size_t bytes_ = 0;
    std::size_t element_size_ = 0;
    std::size_t chunk_bytes_ = 0;
    kernel::Mapping mapping_;
};

class Client : public std::enable_shared_from_this<Client> {
  public:
    /// Throws std::bad_alloc.
    static Result<std::shared_ptr<Client>> connect(const std::string &path, Log log);
    ~Client();
    Client(const Client &) = delete;
    Client &operator=(const Client &) = delete;

    /// The whole of a file that this process has opened for reading; the descriptor can be closed afterwards.  Throws std::bad_alloc.
    Result<std::unique_ptr<ClientRegion>> open_file(int file, std::size_t chunk_bytes = 0);
    /// What the service has published by that name.  Throws std::bad_alloc.
    Result<std::unique_ptr<ClientRegion>> open_name(const std::string &name);

    /// Whether the service is still there.
    bool lost() const { return lost_.load(std::memory_order_acquire); }

  private:
    friend class ClientRegion;
    Client(std::string path, Log log) : path_(std::move(path)), log_(std::move(log)) {}
    Status open() noexcept;
    void watch() noexcept;
    void lose() noexcept;
    Status lost_status() const noexcept;
    template <class Answer, class Request> Result<Answer> ask(Request request, int descriptor, kernel::File *carried) noexcept;
    template <class Request> Result<std::unique_ptr<ClientRegion>> open_region(const Request &request, int descriptor);
    void close_region(ClientRegion &region) noexcept;

    const std::string path_;
    const Log log_;
    kernel::Pagemap pagemap_;
    kernel::Userfaultfd faults_;
    kernel::UnixSocket socket_;
    kernel::File service_; // tells of its end, whoever else has the other end of the socket
    kernel::EventQueue ends_;
    std::thread watcher_;

    std::mutex asking_; // one request at a time
    std::uint32_t next_number_ = 1; // guarded by asking_

    std::mutex regions_mutex_; // also held while one is mapped, so that none escapes the end
    std::vector<ClientRegion *> regions_; // guarded by regions_mutex_
    std::atomic<bool> lost_{false};       // changed with regions_mutex_ held
};

} // namespace ufomem::service
