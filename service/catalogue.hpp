// SPDX-License-Identifier: MIT
// The regions of a service: files, by what they are, and arrays that its process has published, by name.
#pragma once

#include "client_file.hpp"
#include "core.hpp"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace ufomem::service {

/// A region that clients see.  It ends when it is in no catalogue and no client has it.
class ServedRegion {
  public:
    ServedRegion(RegionHandle *handle, std::shared_ptr<Audience> audience);
    ServedRegion(const ServedRegion &) = delete;
    ServedRegion &operator=(const ServedRegion &) = delete;
    ~ServedRegion();

    /// Empty when it has been freed.
    RegionVisit enter() const noexcept { return visit(ticket_); }
    RegionHandle *handle() const { return handle_; }
    Audience &audience() const { return *audience_; }
    const Geometry &geometry() const { return geometry_; }

  private:
    RegionHandle *const handle_;
    const std::shared_ptr<Audience> audience_;
    RegionTicket ticket_;
    Geometry geometry_; // outlives the region
};

class Catalogue {
  public:
    /// Files that no client has open stay in memory, the last `idle_files` of them, until somebody needs their place.
    Catalogue(std::shared_ptr<Core> core, std::size_t idle_files) : core_(std::move(core)), idle_files_(idle_files) {}

    /// The region of a file that a client has sent.  Throws std::bad_alloc.
    Result<std::shared_ptr<ServedRegion>> file(kernel::File file, std::size_t chunk_bytes);
    /// Throws std::bad_alloc.
    Result<std::shared_ptr<ServedRegion>> named(const std::string &name);
    /// Makes a region that clients find by its name.  Throws std::bad_alloc.
    Result<std::shared_ptr<ServedRegion>> publish(const std::string &name, Core::RegionRequest request);
    void withdraw(const std::string &name) noexcept;

    Core &core() const { return *core_; }

  private:
    Result<std::shared_ptr<ServedRegion>> make(Core::RegionRequest request);
    void keep(const std::shared_ptr<ServedRegion> &region, std::vector<std::shared_ptr<ServedRegion>> &dropped);

    const std::shared_ptr<Core> core_;
    const std::size_t idle_files_;
    std::mutex mutex_;
    std::map<FileVersion, std::weak_ptr<ServedRegion>> files_;         // guarded by mutex_
    std::deque<std::shared_ptr<ServedRegion>> recent_;                 // guarded by mutex_; files, the last one opened at the end
    std::map<std::string, std::shared_ptr<ServedRegion>> published_;   // guarded by mutex_
};

} // namespace ufomem::service
