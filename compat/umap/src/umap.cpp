// SPDX-License-Identifier: MIT
#include "umap/umap.h"

#include "engine.hpp"
#include "file_store.hpp"
#include "log.hpp"
#include "mappings.hpp"
#include "status.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <limits>
#include <new>

namespace {

using compat::Engine;
using compat::fail;
using compat::Mapping;
using compat::Mappings;

/// No exception leaves a function of the interface.
template <class Result, class Body> Result guarded(Result otherwise, Body body) noexcept
{
    try {
        return body();
    } catch (const std::bad_alloc &) {
        fail(ENOMEM, "no memory");
    } catch (const std::exception &error) {
        fail(EIO, "%s", error.what());
    }
    return otherwise;
}

struct Wish {
    void *address;
    std::size_t length;
    int prot;
    int flags;
    int descriptor;
    off_t offset;
    Umap::Store *store;
    std::uint64_t page;
};

/// False, with errno set, if there is something wrong that can be seen without looking at the file.
bool acceptable(const Wish &wish, std::size_t least_page)
{
    const int sharing = wish.flags & ~UMAP_FIXED;
    const auto address = reinterpret_cast<std::uintptr_t>(wish.address);
    const off_t last = std::numeric_limits<off_t>::max() - static_cast<off_t>(std::size_t{1} << 48);
    if (wish.length == 0)
        fail(EINVAL, "umap: the length is 0");
    else if (wish.length > std::size_t{1} << 47)
        fail(ENOMEM, "umap: %zu bytes do not fit the address space", wish.length);
    else if (wish.prot == 0 || (wish.prot & ~(PROT_READ | PROT_WRITE)) != 0)
        fail(EINVAL, "umap: protection 0x%x is not supported; use PROT_READ or PROT_READ | PROT_WRITE", static_cast<unsigned>(wish.prot));
    else if (sharing != UMAP_PRIVATE && sharing != UMAP_SHARED)
        fail(EINVAL, "umap: flags 0x%x are not supported; use UMAP_PRIVATE, and UMAP_FIXED if need be", static_cast<unsigned>(wish.flags));
    else if (wish.page % least_page != 0 || !compat::is_page_size(wish.page))
        fail(EINVAL, "umap: a page of %llu bytes is no multiple of UMAP_PAGESIZE, %zu", static_cast<unsigned long long>(wish.page), least_page);
    else if ((wish.flags & UMAP_FIXED) && (address == 0 || address % wish.page != 0))
        fail(EINVAL, "umap: the fixed address %p is no multiple of the page size, %llu", wish.address, static_cast<unsigned long long>(wish.page));
    else if (wish.offset < 0 || wish.offset > last || static_cast<std::uint64_t>(wish.offset) % compat::system_page_size() != 0)
        fail(EINVAL, "umap: the offset %lld is no multiple of the system's page size", static_cast<long long>(wish.offset));
    else
        return true;
    return false;
}

/// The store of a file that may be used in that way; null, with errno set, if there is none.
std::shared_ptr<Umap::Store> file_of(const Wish &wish)
{
    // The rest of the last page is ours, and not the file's.
    std::shared_ptr<compat::FileStore> file = compat::FileStore::open(wish.descriptor, wish.offset + static_cast<off_t>(wish.length));
    if (!file)
        fail(errno, "umap: descriptor %d cannot be mapped: %s", wish.descriptor, std::strerror(errno));
    else if (!file->readable() || ((wish.prot & PROT_WRITE) && !file->writable()))
        fail(EACCES, "umap: descriptor %d has not been opened for %s", wish.descriptor, wish.prot & PROT_WRITE ? "reading and writing" : "reading");
    else
        return file;
    return nullptr;
}

void *map(Wish wish)
{
    Engine &engine = Engine::of_process();
    const compat::Settings settings = engine.settings();
    wish.page = wish.page != 0 ? wish.page : settings.page_size;
    if (!acceptable(wish, settings.page_size))
        return UMAP_FAILED;

    compat::MappingRequest request;
    request.address = reinterpret_cast<std::uintptr_t>(wish.address) % wish.page == 0 ? wish.address : nullptr;
    request.bytes = (wish.length + wish.page - 1) / wish.page * wish.page;
    request.page = wish.page;
    request.read_ahead_bytes = settings.read_ahead_pages * settings.page_size;
    request.writable = (wish.prot & PROT_WRITE) != 0;
    request.page_by_page = wish.store != nullptr;
    request.offset = wish.offset;
    request.store = wish.store ? std::shared_ptr<Umap::Store>(std::shared_ptr<void>(), wish.store) : file_of(wish); // the application keeps its own
    if (!request.store)
        return UMAP_FAILED;
    ufo_core *core = engine.core();
    if (!core)
        return UMAP_FAILED;
    const std::shared_ptr<Mapping> mapping = Mappings::of_process().add(core, std::move(request), (wish.flags & UMAP_FIXED) != 0);
    if (!mapping)
        return UMAP_FAILED;
    compat::log(compat::Level::info, "%zu bytes mapped at %p", mapping->bytes(), static_cast<void *>(mapping->start()));
    return mapping->start();
}

int unmap(void *address, std::size_t length)
{
    Mappings &mappings = Mappings::of_process();
    const std::shared_ptr<Mapping> mapping = mappings.starting_at(address);
    if (!mapping) {
        fail(EINVAL, "uunmap: no region begins at %p", address);
        return -1;
    }
    // UMap's pages may be larger than the caller thinks, so the end counts, up to the last page.
    if (length == 0 || length > mapping->bytes() || mapping->bytes() - length >= mapping->page()) {
        fail(EINVAL, "uunmap: %zu bytes from %p on are not the whole region, which has %zu", length, address, mapping->bytes());
        return -1;
    }
    if (mapping->flush() != UFO_OK) {
        compat::fail_as_ufomem_says("uunmap: the region stays, with its changes");
        return -1;
    }
    if (!mapping->close()) {
        fail(EINVAL, "uunmap: the region at %p has been unmapped by another thread", address);
        return -1;
    }
    mappings.remove(mapping); // if its place has not been given to another one already
    return 0;
}

int flush_all()
{
    int code = 0;
    for (const auto &mapping : Mappings::of_process().all()) {
        const ufo_status status = mapping->flush();
        if (status == UFO_OK || status == UFO_ERR_CLOSED) // ended meanwhile, written
            continue;
        compat::fail_as_ufomem_says("umap_flush", status);
        code = code != 0 ? code : errno;
    }
    errno = code != 0 ? code : errno;
    return code != 0 ? -1 : 0;
}

/// Pages that follow each other are asked for together.
void prefetch(const umap_prefetch_item *items, std::size_t count)
{
    for (std::size_t i = 0; i < count;) {
        const auto *address = static_cast<const char *>(items[i].page_base_addr);
        const std::shared_ptr<Mapping> mapping = Mappings::of_process().holding(address);
        if (!mapping) {
            compat::log(compat::Level::warning, "umap_prefetch: no region has the address %p", items[i++].page_base_addr);
            continue;
        }
        const std::size_t page = mapping->page();
        const std::size_t first = static_cast<std::size_t>(address - mapping->start()) / page * page;
        std::size_t bytes = page;
        for (i++; i < count && items[i].page_base_addr == mapping->start() + first + bytes && first + bytes < mapping->bytes(); i++)
            bytes += page;
        if (mapping->prefetch(first, bytes) != UFO_OK)
            compat::log(compat::Level::warning, "umap_prefetch: %s", ufo_last_error());
    }
}

void pin(char *address, std::uint64_t size)
{
    const std::shared_ptr<Mapping> mapping = Mappings::of_process().holding(address);
    if (!mapping)
        return fail(EINVAL, "umap_fetch_and_pin: no region has the address %p", static_cast<void *>(address));
    const auto first = static_cast<std::size_t>(address - mapping->start());
    if (size > mapping->bytes() - first)
        return fail(EINVAL, "umap_fetch_and_pin: %llu bytes from %p on are more than the region has", static_cast<unsigned long long>(size), static_cast<void *>(address));
    if (const ufo_status status = mapping->pin(first, size); status != UFO_OK)
        return compat::fail_as_ufomem_says("umap_fetch_and_pin", status);
    errno = 0;
}

} // namespace

void *Umap::umap_ex(void *addr, std::size_t length, int prot, int flags, int fd, off_t offset, Store *store, std::uint64_t page_size)
{
    return guarded(UMAP_FAILED, [&] { return map({addr, length, prot, flags, fd, offset, store, page_size}); });
}

extern "C" {

void *umap(void *addr, size_t length, int prot, int flags, int fd, off_t offset) { return Umap::umap_ex(addr, length, prot, flags, fd, offset, nullptr); }

void *umap_variable(void *addr, size_t length, int prot, int flags, int fd, off_t offset, uint64_t page_size)
{
    return Umap::umap_ex(addr, length, prot, flags, fd, offset, nullptr, page_size);
}

void umap_adapt_pagesize(void *addr, uint64_t page_size)
{
    if (!Mappings::of_process().starting_at(addr) || page_size == 0 || page_size % Engine::of_process().settings().page_size != 0)
        fail(EINVAL, "umap_adapt_pagesize: no region begins at %p, or %llu is no multiple of UMAP_PAGESIZE", addr, static_cast<unsigned long long>(page_size));
}

int uunmap(void *addr, size_t length)
{
    return guarded(-1, [&] { return unmap(addr, length); });
}

int umap_flush(void) { return guarded(-1, flush_all); }

int umap_has_write_support(void) { return 1; }

void umap_prefetch(int npages, umap_prefetch_item *page_array)
{
    if (npages > 0 && page_array)
        guarded(0, [&] { return prefetch(page_array, static_cast<std::size_t>(npages)), 0; });
    else if (npages != 0)
        fail(EINVAL, "umap_prefetch: %d pages at %p", npages, static_cast<void *>(page_array));
}

void umap_fetch_and_pin(char *paddr, uint64_t size)
{
    guarded(0, [&] { return pin(paddr, size), 0; });
}
}
