// SPDX-License-Identifier: MIT
// The regions of a service: files, by what they are, and arrays that its process has published, by name.
#pragma once

#include "allowed_directories.hpp"
#include "client_file.hpp"
#include "core.hpp"
#include "fault_threads.hpp"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace ufomem::service {

/// A region that clients see.  It ends when it is in no catalogue and no client has it.
class ServedRegion {
  public:
    /// `load_bytes`: of memory, that are filled at a time.
    ServedRegion(RegionHandle *handle, std::shared_ptr<Audience> audience, std::size_t load_bytes);
    ServedRegion(const ServedRegion &) = delete;
    ServedRegion &operator=(const ServedRegion &) = delete;
    ~ServedRegion();

    /// Empty when it has been freed.
    RegionVisit enter() const noexcept { return visit(ticket_); }
    Audience &audience() const { return *audience_; }
    const Geometry &geometry() const { return geometry_; }
    const std::shared_ptr<Share> &share() const { return share_; }

  private:
    RegionHandle *const handle_;
    const std::shared_ptr<Audience> audience_;
    RegionTicket ticket_;
    Geometry geometry_; // outlives the region
    const std::shared_ptr<Share> share_; // of the threads
};

class Catalogue {
  public:
    struct Options {
        std::size_t idle_files = 16; ///< stay in memory although no client has them, until somebody needs their place
        std::size_t chunk_bytes = 0; ///< of files, unless their client asks for something else; 0: the engine's default
        AllowedDirectories allowed;
    };
    Catalogue(std::shared_ptr<Core> core, Options options) : core_(std::move(core)), options_(std::move(options)) {}

    /// The region of a file that a client of that user has sent; 0 bytes: as the options say.  Throws std::bad_alloc.
    Result<std::shared_ptr<ServedRegion>> file(kernel::File file, uid_t user, std::size_t chunk_bytes);
    /// Throws std::bad_alloc.
    Result<std::shared_ptr<ServedRegion>> named(const std::string &name);
    /// Makes a region that clients find by its name.  Throws std::bad_alloc.
    Result<std::shared_ptr<ServedRegion>> publish(const std::string &name, Core::RegionRequest request);
    Status withdraw(const std::string &name) noexcept;

    /// How many there are.
    std::size_t regions() noexcept;

  private:
    struct KnownFile {
        std::weak_ptr<ServedRegion> region;
        std::weak_ptr<ClientFile> source;
        bool independent = false; // of descriptors that clients have
    };
    Result<std::shared_ptr<ServedRegion>> make(Core::RegionRequest request);
    void keep(const std::shared_ptr<ServedRegion> &region, std::vector<std::shared_ptr<ServedRegion>> &dropped);

    const std::shared_ptr<Core> core_;
    const Options options_;
    std::mutex mutex_;
    // A client that maps the memory once more, and reads what is absent where the service does not hear of it, puts zeros there for all who share
    // that memory: so no file is shared by users who could not do worse to each other anyway.
    std::map<std::pair<uid_t, FileVersion>, KnownFile> files_; // guarded by mutex_
    std::deque<std::shared_ptr<ServedRegion>> recent_; // guarded by mutex_; files, the last one opened at the end
    std::map<std::string, std::shared_ptr<ServedRegion>> published_; // guarded by mutex_
};

} // namespace ufomem::service
