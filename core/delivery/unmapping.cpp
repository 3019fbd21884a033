// SPDX-License-Identifier: MIT
#include "unmapping.hpp"

#include "../library_thread.hpp"
#include "../region.hpp"

#include <sched.h>

namespace ufomem {

void reclaim_unmapped(const Registry &registry, const kernel::FaultMessage &message) noexcept
{
    std::byte *const end = message.address + message.unmapped;
    for (const std::byte *from = message.address; from < end;) {
        const Registry::Found found = registry.find_from(from);
        if (!found.handle)
            return;
        if (const RegionVisit region = visit_closing(found.handle); region)
            region->reclaim(message.address, message.unmapped);
        from = found.end;
    }
}

Status UnmappingReader::start(const void *owner) noexcept
{
    Result<kernel::Mapping> bell = kernel::map_private(kernel::page_size(), kernel::Protection::none);
    if (!bell.ok())
        return bell.status();
    // Now, as there may be no memory for it when it is needed.
    if (Status status = faults_.watch_absent(bell->data(), bell->size()); !status.ok())
        return status;
    bell_ = std::move(*bell);
    try {
        thread_ = start_library_thread("ufomem-unmapped", owner, [this, bell = bell_.data()] { run(bell); });
    } catch (...) {
        return fail(Code::limit, "cannot start the thread that hears of unmapped memory (ulimit -u?)");
    }
    return {};
}

void UnmappingReader::stop() noexcept
{
    if (!thread_.joinable())
        return;
    stopping_.store(true);
    while (!kernel::unmap(bell_)) // returns when the thread has read of it
        sched_yield();
    thread_.join();
}

void UnmappingReader::run(const std::byte *bell) noexcept
{
    for (;;) {
        kernel::FaultMessage message;
        for (const kernel::FaultMessage &got : faults_.read({&message, 1})) {
            if (got.unmapped != 0 && got.address == bell && stopping_.load())
                return; // the last message that anybody waits for
            if (got.unmapped != 0)
                reclaim_unmapped(registry_, got);
        }
    }
}

} // namespace ufomem
