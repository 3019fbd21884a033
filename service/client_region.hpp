// SPDX-License-Identifier: MIT
// A region of a service, as this process sees it: memory that the service fills, at an address that stays when the service is replaced by another.
#pragma once

#include "connection.hpp"
#include "file_version.hpp"
#include "kernel/file.hpp"
#include "kernel/memory.hpp"
#include "units.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ufomem::service {

class Client;

/// Readable for as long as this object lives and there is a service; without one every access raises SIGBUS.
class ClientRegion {
  public:
    /// What it is an array of: a file that this process has opened, or a name.
    struct Content {
        kernel::File file;
        FileVersion version; ///< of the file
        std::string name;
        std::size_t chunk_bytes = 0; ///< of a file; 0: as the service likes
        void *address = nullptr;     ///< of the first byte; null: anywhere
    };

    ClientRegion(std::shared_ptr<Client> client, Content content) : client_(std::move(client)), content_(std::move(content)) {}
    ClientRegion(const ClientRegion &) = delete;
    ClientRegion &operator=(const ClientRegion &) = delete;
    ~ClientRegion();

    const std::byte *data() const { return mapping_.data(); }
    std::size_t bytes() const { return bytes_; }
    std::size_t element_size() const { return element_size_; }
    std::size_t chunk_bytes() const { return chunk_bytes_; }

    // All of these from any thread; ranges have to lie in the array.
    /// Brings the bytes in, and says so if they cannot be had.
    Status touch(ByteRange range) const noexcept;
    /// Copies bytes out; an error where a load would end in a signal.
    Status read(ByteRange range, std::byte *out) const noexcept;
    /// Brings the bytes in, and has the service keep them.  Throws std::bad_alloc.
    Status pin(ByteRange range);
    /// Takes back a pin() of the same bytes.
    Status unpin(ByteRange range) noexcept;
    /// What could not be had may be asked for again.
    Status forget_failures(ByteRange range) noexcept;
    /// Unmaps whole pages inside the range; they stay in the service's memory.
    Status unmap(ByteRange range) noexcept;
    void will_need(ByteRange range) noexcept;
    Result<RegionFigures> figures() noexcept;

    // -- for the client, which has its regions locked
    /// Opens the array at the other end of a connection, and maps it: where it was before, if it was.  False in `lasting` if that may succeed later.
    Status attach(Connection &connection, bool &lasting) noexcept;
    /// Every access is an error from now on.  False if that cannot be had: then the connection has to stay open.
    bool lose(const kernel::Userfaultfd &faults) noexcept;
    bool attached() const { return attached_; }
    bool waits_for_service() const { return !attached_ && !given_up_; }
    void give_up() noexcept { given_up_ = true; }

  private:
    template <class Answer, class Request> Result<Answer> ask(Request request) noexcept;
    Result<Opened> open(Connection &connection, kernel::File &memory) noexcept;
    Status take(Connection &connection, const Opened &opened, const kernel::File &memory, bool &lasting) noexcept;
    Status map(Connection &connection, const kernel::File &memory) noexcept;
    void pin_again(Connection &connection) noexcept;
    Status gone() const noexcept;
    Status note_failure(int error, ByteRange range) const noexcept;

    const std::shared_ptr<Client> client_;
    const Content content_;
    kernel::Mapping mapping_; // the address is that of the first attachment
    std::size_t bytes_ = 0;
    std::size_t element_size_ = 0;
    std::size_t chunk_bytes_ = 0; // of the first attachment; another service may have others

    std::uint64_t number_ = 0; // for the service; guarded by the client's lock, as the rest
    bool attached_ = false;
    bool given_up_ = false; // it is not what it was
    std::atomic<bool> loads_only_{false}; // what system calls ask for is not brought in; set before the array can be read
    std::vector<ByteRange> pins_;
    friend class Client;
};

} // namespace ufomem::service
