// SPDX-License-Identifier: MIT
#include "shared_region.hpp"

#include "core.hpp"
#include "immortal.hpp"
#include "registry.hpp"
#include "signal_guard.hpp"

namespace ufomem::service {
namespace {

/// Of all shared regions of the process; never destroyed, as programs may look until they end.
Registry &shared_regions() noexcept
{
    static Immortal<Registry> one;
    return one.get();
}

Status read_only()
{
    return fail(Code::read_only, "a shared region is read-only; give up ufo_config_set_shared for one of this process's own");
}

/// The elements that are asked for, of those that there are.
Result<Geometry> geometry_of(const ClientRegion &region, const SharedRegion::Request &request)
{
    const bool by_name = !request.name.empty();
    Geometry::Request wanted;
    wanted.element_size = request.element_size != 0 ? request.element_size : region.element_size();
    wanted.count = request.count != 0 ? request.count : region.bytes() / wanted.element_size;
    wanted.min_chunk_elements = (region.chunk_bytes() + wanted.element_size - 1) / wanted.element_size;
    if (by_name && wanted.element_size != region.element_size())
        return fail(Code::invalid, "the elements of '%s' have %zu bytes, not %zu", request.name.c_str(), region.element_size(), wanted.element_size);
    Result<Geometry> geometry = Geometry::make(wanted);
    if (!geometry.ok())
        return geometry;
    if (request.offset > region.bytes() || geometry->body_bytes() > region.bytes() - request.offset)
        return fail(by_name ? Code::range : Code::truncated, "%zu elements of %zu bytes from byte %zu on are more than the %zu bytes of the array", wanted.count,
                    wanted.element_size, request.offset, region.bytes());
    return geometry;
}

} // namespace

Result<RegionHandle *> SharedRegion::open(const Request &request)
{
    void *start = nullptr;
    if (request.address) {
        if (request.offset % kernel::page_size() != 0)
            return fail(Code::address, "element 0 lies at byte %zu of the file, which is no multiple of a page: it cannot be mapped at %p", request.offset,
                        request.address);
        start = static_cast<std::byte *>(request.address) - request.offset;
    }
    Result<std::unique_ptr<ClientRegion>> region =
        request.name.empty() ? request.client->open_file(request.file, request.min_chunk_elements * request.element_size, start)
                             : request.client->open_name(request.name, start);
    if (!region.ok())
        return region.status();
    Result<Geometry> geometry = geometry_of(**region, request);
    if (!geometry.ok()) {
        const Failure failure = Failure::of_this_thread(geometry.status());
        region->reset(); // which may fail itself
        return failure.report();
    }
    const std::size_t bytes = (*region)->bytes();
    RegionHandle *handle = region_handles().take();
    std::unique_ptr<SharedRegion> shared;
    try {
        shared = std::make_unique<SharedRegion>(std::move(*region), *geometry, request.offset, *handle);
    } catch (...) {
        region_handles().give(handle);
        throw;
    }
    const std::byte *const begin = shared->region_->data();
    handle->open(shared.get());
    if (Status status = shared_regions().insert(begin, begin + bytes, handle); !status.ok()) {
        const Failure failure = Failure::of_this_thread(status);
        (void)shared.release();
        (void)handle->close();
        handle->leave(); // which ends it
        return failure.report();
    }
    (void)shared.release(); // ends by its handle from now on
    return handle;
}

RegionHandle *SharedRegion::find(const void *address) noexcept
{
    const auto *byte = static_cast<const std::byte *>(address);
    RegionHandle *handle = shared_regions().find(byte);
    if (!handle)
        return nullptr;
    const Visit<AnyRegion> region = visit<AnyRegion>(handle);
    const bool inside = region && byte >= region->body() && byte < region->body() + region->geometry().body_bytes();
    return inside ? handle : nullptr;
}

void SharedRegion::end() noexcept
{
    const SignalGuard guard;
    RegionHandle *const handle = &handle_;
    shared_regions().erase(region_->data());
    delete this;
    region_handles().give(handle);
}

Status SharedRegion::pin(ElementRange range) noexcept
{
    Status status;
    try {
        status = region_->pin(bytes_of(range));
    } catch (...) {
        status = fail(Code::nomem, "no memory to remember the pin");
    }
    if (status.ok() && range.count != 0) {
        handle_.stay(1); // before the pin is counted: the region's end waits for users that have no pin
        pins_.fetch_add(1);
    }
    return status;
}

Status SharedRegion::pin_write(ElementRange) noexcept { return read_only(); }

Status SharedRegion::unpin(ElementRange range) noexcept
{
    Status status = region_->unpin(bytes_of(range));
    if (status.ok() && range.count != 0) {
        pins_.fetch_sub(1);
        handle_.leave(); // the caller is inside, so this is never the last
    }
    return status;
}

Status SharedRegion::write(ElementRange, const std::byte *) noexcept { return read_only(); }

void SharedRegion::advise(ElementRange range, Advice advice) noexcept
{
    if (advice == Advice::willneed)
        region_->will_need(bytes_of(range));
    else if (advice == Advice::dontneed)
        (void)region_->unmap(bytes_of(range));
    // How its threads walk the service sees for itself.
}

} // namespace ufomem::service
