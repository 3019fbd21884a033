// SPDX-License-Identifier: MIT
// A client's region behind a handle of the C interface: elements instead of bytes, and the life of a handle.
#pragma once

#include "any_region.hpp"
#include "client.hpp"
#include "kernel/process.hpp"

#include <atomic>
#include <memory>

namespace ufomem::service {

class SharedRegion final : public AnyRegion {
  public:
    struct Request {
        std::shared_ptr<Client> client;
        std::string name;             ///< of what the service has published; "": a file
        int file = -1;                ///< opened for reading
        std::size_t offset = 0;       ///< of element 0 in the file
        std::size_t count = 0;        ///< 0: all there are; only by name
        std::size_t element_size = 0;
        std::size_t min_chunk_elements = 0;
        void *address = nullptr; ///< of element 0; null: anywhere
    };
    /// Throws std::bad_alloc.
    static Result<RegionHandle *> open(const Request &request);
    /// The shared region of this process that covers the address, or null.
    static RegionHandle *find(const void *address) noexcept;

    SharedRegion(std::unique_ptr<ClientRegion> region, const Geometry &geometry, std::size_t offset, RegionHandle &handle)
        : region_(std::move(region)), geometry_(geometry), offset_(offset), handle_(handle)
    {
    }

    const Geometry &geometry() const override { return geometry_; }
    std::byte *body() const override { return const_cast<std::byte *>(region_->data()) + offset_; }
    Delivery delivery() const override { return Delivery::service; }
    bool forked() const override { return process_ != kernel::this_process(); }

    Status touch(ElementRange range) noexcept override { return region_->touch(bytes_of(range)); }
    Status pin(ElementRange range) noexcept override;
    Status pin_write(ElementRange range) noexcept override;
    Status unpin(ElementRange range) noexcept override;
    Status read(ElementRange range, std::byte *out) noexcept override { return region_->read(bytes_of(range), out); }
    Status write(ElementRange range, const std::byte *in) noexcept override;
    Status flush(ElementRange) noexcept override { return {}; } // nothing is ever changed
    Status evict(ElementRange range) noexcept override { return region_->unmap(bytes_of(range)); }
    Status reset(ElementRange range) noexcept override { return region_->forget_failures(bytes_of(range)); }
    void advise(ElementRange range, Advice advice) noexcept override;
    Result<RegionFigures> figures() noexcept override { return region_->figures(); }

  private:
    ByteRange bytes_of(ElementRange range) const
    {
        const ByteRange bytes = geometry_.bytes_of(range);
        return {offset_ + bytes.offset, bytes.length};
    }
    std::uint64_t pins() const override { return pins_.load(); }
    bool calls_back_on_this_thread() const override { return false; } // it has no callbacks here
    void begin_closing() noexcept override {}
    Status finish_changes() noexcept override { return {}; }
    void end() noexcept override;

    const std::unique_ptr<ClientRegion> region_;
    const Geometry geometry_;
    const std::size_t offset_; // of element 0 in the service's array
    RegionHandle &handle_;
    const std::uint64_t process_ = kernel::this_process();
    std::atomic<std::uint64_t> pins_{0}; // of calls that have not been taken back; each keeps the handle
};

} // namespace ufomem::service
