// SPDX-License-Identifier: MIT
// What stands behind the opaque handles of the C interface, and how a call gets in.
#pragma once

#include "ufomem/ufo.h"

#include "cancel_guard.hpp"
#include "core.hpp"
#include "handle_pool.hpp"
#include "kernel/process.hpp"
#include "sources/callback.hpp"
#include "sources/file.hpp"
#include "sources/sequence.hpp"
#include "sources/zero.hpp"

#include "client.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <string>

namespace ufomem::capi {

/// A handle knows whether it is in use: freeing twice, and using after the end, are errors and not accidents.
struct Handle {
    std::atomic<bool> live{false};
};

/// Runs body() and turns what it throws into a status: nothing leaves the library by exception.
template <class Body> ufo_status guarded(Body body) noexcept
{
    const CancelGuard guard;
    try {
        const Status status = body();
        return static_cast<ufo_status>(status.code);
    } catch (const std::bad_alloc &) {
        return static_cast<ufo_status>(fail(Code::nomem, "no memory for the library's own tables").code);
    } catch (const std::exception &exception) {
        return static_cast<ufo_status>(fail(Code::system, "unexpected: %s", exception.what()).code);
    } catch (...) {
        return static_cast<ufo_status>(fail(Code::system, "unexpected failure").code);
    }
}

template <class T> Status check(const T *handle, const char *what) noexcept
{
    if (!handle)
        return fail(Code::invalid, "the %s is NULL; did the call that should have made it fail?", what);
    if (!handle->live.load(std::memory_order_acquire))
        return fail(Code::closed, "the %s has been freed before", what);
    return {};
}

/// Copies as much of the figures as the caller has room for; the rest of a larger, newer struct stays as it is.
template <class Stats> void copy_out(Stats all, Stats &out) noexcept
{
    all.struct_size = out.struct_size;
    std::memcpy(&out, &all, std::min(sizeof all, all.struct_size));
}

/// Takes a handle from its pool, live; null, with an error, if there is no memory.
template <class T> T *make_handle(HandlePool<T> &pool) noexcept
{
    T *handle = nullptr;
    (void)guarded([&]() -> Status {
        handle = pool.take();
        handle->live.store(true, std::memory_order_release);
        return {};
    });
    return handle;
}

/// True if it was live until now.
template <class T> bool retire(T *handle, const char *what) noexcept
{
    if (handle->live.exchange(false, std::memory_order_acq_rel))
        return true;
    (void)fail(Code::closed, "the %s has been freed before; free it once", what);
    return false;
}

} // namespace ufomem::capi

namespace ufomem::capi {

/// A handle of something that calls keep alive while they are inside, and that belongs to the process that made it.
template <class T> struct OwnerHandle : Handle {
    std::atomic<std::uint64_t> process{0}; ///< that made it; asked before the mutex, which may be locked for ever in a child
    std::mutex mutex;
    std::shared_ptr<T> object; ///< guarded by mutex

    bool forked() const noexcept { return live.load(std::memory_order_acquire) && process.load(std::memory_order_relaxed) != kernel::this_process(); }
};

inline Status of_parent(const char *what) noexcept { return fail(Code::forked, "the %s belongs to the parent process; make one of this process's own", what); }

/// What stands behind the handle, kept alive.
template <class T> Result<std::shared_ptr<T>> object_of(const OwnerHandle<T> *handle, const char *what) noexcept
{
    if (Status status = check(handle, what); !status.ok())
        return status;
    if (handle->forked())
        return of_parent(what);
    auto *inside = const_cast<OwnerHandle<T> *>(handle);
    const std::lock_guard lock(inside->mutex);
    if (!inside->object)
        return fail(Code::closed, "the %s has been freed", what);
    return inside->object;
}

/// A live handle for it.  Throws std::bad_alloc.
template <class H, class T> H *own(HandlePool<H> &pool, std::shared_ptr<T> object)
{
    H *handle = pool.take();
    handle->object = std::move(object);
    handle->process.store(kernel::this_process(), std::memory_order_relaxed);
    handle->live.store(true, std::memory_order_release);
    return handle;
}

/// Takes it out of its handle, which is retired; null, with an error, if that was done before or is not this process's to do.
template <class T> std::shared_ptr<T> disown(OwnerHandle<T> *handle, const char *what) noexcept
{
    if (handle->forked())
        return (void)of_parent(what), nullptr;
    if (!retire(handle, what))
        return nullptr;
    const std::lock_guard lock(handle->mutex);
    return std::move(handle->object);
}

} // namespace ufomem::capi

struct ufo_core_config : ufomem::capi::Handle {
    ufomem::Core::Options options;
};

struct ufo_config : ufomem::capi::Handle {
    enum class SourceKind { zero, callback, file, int_sequence, real_sequence };
    template <class Number> struct Sequence {
        Number from = 0;
        Number step = 0;
    };

    ufomem::Geometry::Request geometry;
    ufomem::Region::Options options;
    std::size_t readahead_elements = SIZE_MAX; ///< SIZE_MAX: the default
    SourceKind source = SourceKind::zero;
    ufomem::Closure<ufomem::PopulateFunction> populate;
    ufomem::Closure<ufomem::WritebackFunction> writeback;
    std::shared_ptr<ufomem::OpenFile> file;
    Sequence<std::int64_t> int_sequence;
    Sequence<double> real_sequence;
    bool caller_only = false;
    void *address = nullptr;
    ufomem::Delivery delivery = ufomem::Delivery::automatic;
    std::shared_ptr<ufomem::service::Client> client; ///< of a shared region; null for an ordinary one
    std::string shared_name;                         ///< "": the file
};

struct ufo_core : ufomem::capi::OwnerHandle<ufomem::Core> {};
struct ufo_client : ufomem::capi::OwnerHandle<ufomem::service::Client> {};

namespace ufomem::capi {

struct ResidencyHandle : Handle {
    std::uint64_t process = 0; ///< that opened it
    std::shared_ptr<Residency> residency;
};

HandlePool<ufo_core_config> &core_configs() noexcept;
HandlePool<ufo_config> &configs() noexcept;
HandlePool<ufo_core> &cores() noexcept;
HandlePool<ResidencyHandle> &residencies() noexcept;
HandlePool<ufo_client> &clients() noexcept;

/// Around a fork, as all pools: of client.cpp and server.cpp.
void lock_service_handles();
void unlock_service_handles();

inline Result<std::shared_ptr<Core>> core_of(const ufo_core *handle) noexcept { return object_of(handle, "core"); }
/// The same; null means the process's default core.
Result<std::shared_ptr<Core>> core_or_default(const ufo_core *handle) noexcept;

/// What a core is asked for to make the region.  Throws std::bad_alloc.
Result<Core::RegionRequest> region_request(const ufo_config &config);

inline ufo *public_handle(RegionHandle *handle) noexcept { return reinterpret_cast<ufo *>(handle); }
inline RegionHandle *region_handle(const ufo *region) noexcept { return reinterpret_cast<RegionHandle *>(const_cast<ufo *>(region)); }

enum class Admission { open, closing_too };

/// Checks what every call on a region has to check, and enters it.
inline Result<Visit<AnyRegion>> enter(const ufo *region, Admission admission = Admission::open) noexcept
{
    if (!region)
        return fail(Code::invalid, "the region is NULL; did ufo_new fail?");
    Visit<AnyRegion> inside = admission == Admission::open ? visit<AnyRegion>(region_handle(region)) : visit_closing<AnyRegion>(region_handle(region));
    if (!inside)
        return fail(Code::closed, "the region has been freed");
    if (inside->forked())
        return fail(Code::forked, "the region belongs to the parent process; make a region of this process's own");
    return inside;
}

} // namespace ufomem::capi
