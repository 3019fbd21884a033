// SPDX-License-Identifier: MIT
#include "mappings.hpp"

#include "log.hpp"
#include "per_process.hpp"
#include "settings.hpp"
#include "status.hpp"

#include <cerrno>

#include <sys/mman.h>

namespace compat {
namespace {

/// A place for `bytes` at a multiple of `alignment` that was free a moment ago; null if there is none.
void *free_place(std::size_t bytes, std::size_t alignment)
{
    void *reserved = mmap(nullptr, bytes + alignment, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED)
        return nullptr;
    munmap(reserved, bytes + alignment);
    const auto from = reinterpret_cast<std::uintptr_t>(reserved);
    return reinterpret_cast<void *>((from + alignment - 1) / alignment * alignment);
}

/// Multiples of the page, and of a huge page if the region may use some.
std::size_t alignment_of(const MappingRequest &request)
{
    constexpr std::size_t huge = 2 * 1024 * 1024;
    return request.bytes >= huge && huge % request.page == 0 ? huge : request.page;
}

} // namespace

Mappings &Mappings::of_process() { return PerProcess<Mappings>::get(); }

std::shared_ptr<Mapping> Mappings::add(ufo_core *core, MappingRequest request, bool instead)
{
    std::shared_ptr<Mapping> made = place(core, std::move(request), instead);
    if (!made)
        return nullptr;
    const std::lock_guard lock(mutex_);
    by_start_.insert_or_assign(made->start(), made); // one that has just ended may still be there
    return made;
}

std::shared_ptr<Mapping> Mappings::place(ufo_core *core, MappingRequest request, bool instead)
{
    if (request.address) {
        if (auto made = Mapping::make(core, request))
            return made;
        const bool taken = ufo_last_status() == UFO_ERR_ADDRESS;
        if (taken && instead) {
            if (meets(static_cast<char *>(request.address), request.bytes)) {
                fail(EEXIST, "another region lies within the %zu bytes from %p on; uunmap() it before", request.bytes, request.address);
                return nullptr;
            }
            munmap(request.address, request.bytes);
            if (auto made = Mapping::make(core, request))
                return made;
        }
        if (!taken || instead) {
            fail_as_ufomem_says("umap");
            return nullptr;
        }
    }
    // Another thread may take the free place meanwhile.
    for (int attempt = 0; attempt < 100; attempt++) {
        request.address = request.page == system_page_size() ? nullptr : free_place(request.bytes, alignment_of(request));
        if (!request.address && request.page != system_page_size()) {
            fail(ENOMEM, "no address space for a region of %zu bytes", request.bytes);
            return nullptr;
        }
        if (auto made = Mapping::make(core, request))
            return made;
        if (ufo_last_status() != UFO_ERR_ADDRESS)
            break;
    }
    fail_as_ufomem_says("umap");
    return nullptr;
}

bool Mappings::meets(const char *start, std::size_t bytes)
{
    const std::lock_guard lock(mutex_);
    const auto after = by_start_.lower_bound(start + bytes);
    if (after == by_start_.begin())
        return false;
    const Mapping &before = *std::prev(after)->second;
    return before.start() + before.bytes() > start;
}

std::shared_ptr<Mapping> Mappings::starting_at(const void *address)
{
    const std::lock_guard lock(mutex_);
    const auto found = by_start_.find(static_cast<const char *>(address));
    return found != by_start_.end() ? found->second : nullptr;
}

std::shared_ptr<Mapping> Mappings::holding(const void *address)
{
    const std::lock_guard lock(mutex_);
    const auto after = by_start_.upper_bound(static_cast<const char *>(address));
    if (after == by_start_.begin())
        return nullptr;
    const std::shared_ptr<Mapping> &before = std::prev(after)->second;
    return before->holds(address) ? before : nullptr;
}

std::vector<std::shared_ptr<Mapping>> Mappings::all()
{
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Mapping>> mappings;
    for (const auto &[start, mapping] : by_start_)
        mappings.push_back(mapping);
    return mappings;
}

void Mappings::remove(const std::shared_ptr<Mapping> &mapping)
{
    const std::lock_guard lock(mutex_);
    const auto found = by_start_.find(mapping->start());
    if (found != by_start_.end() && found->second == mapping)
        by_start_.erase(found);
}

} // namespace compat
