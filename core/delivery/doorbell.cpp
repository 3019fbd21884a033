// SPDX-License-Identifier: MIT
#include "doorbell.hpp"

#include <sched.h>

namespace ufomem {
namespace {

/// A page for each ring, so that a page that cannot be made absent again does not matter for a while.
constexpr std::size_t most_rings = 16;

} // namespace

Status Doorbell::install(const kernel::Userfaultfd &faults) noexcept
{
    Result<kernel::Mapping> pages = kernel::map_private((most_rings + 1) * kernel::page_size(), kernel::Protection::read_write);
    if (!pages.ok())
        return pages.status();
    pages_ = std::move(*pages);
    faults_ = &faults;
    if (Status status = faults.watch(pages_.data(), watched_bytes()); !status.ok())
        return status;
    watched_.store(true);
    return {};
}

void Doorbell::ring() noexcept
{
    if (next_ == watched_bytes()) {
        next_ = 0;
        // Locked memory is not dropped before Linux 5.18; new memory is not locked.
        if (!kernel::drop(pages_.data(), watched_bytes()).ok() && kernel::map_private_again(pages_.data(), watched_bytes()).ok())
            watched_.store(false);
    }
    if (!watched_.load()) {
        if (!faults_->watch(pages_.data(), watched_bytes()).ok() ||
            !kernel::protect(pages_.data(), watched_bytes(), kernel::Protection::read_write).ok()) {
            sched_yield(); // the caller rings again
            return;
        }
        watched_.store(true);
    }
    std::byte *const page = pages_.data() + next_;
    next_ += kernel::page_size();
    static_cast<void>(*static_cast<volatile std::byte *>(page));
    (void)kernel::drop(page, kernel::page_size());
}

std::byte *Doorbell::page_of(const kernel::FaultMessage &message)
{
    return message.address - reinterpret_cast<std::uintptr_t>(message.address) % kernel::page_size();
}

bool Doorbell::is_rung(const kernel::FaultMessage &message) const
{
    return message.address >= pages_.data() && message.address < pages_.data() + watched_bytes();
}

void Doorbell::pass_on(const kernel::FaultMessage &message) noexcept { faults_->wake(page_of(message), kernel::page_size()); }

void Doorbell::answer(const kernel::FaultMessage &message) noexcept
{
    for (;; sched_yield()) {
        // Not watched any more, it is memory like any other, of which the kernel shows a page of zeros that it has anyway.  That answers a message
        // about a page which is there meanwhile, too.
        watched_.store(false);
        if (faults_->unwatch(pages_.data(), watched_bytes()))
            return;
        watched_.store(true);
        const std::size_t page = kernel::page_size();
        if (faults_->copy(page_of(message), pages_.data() + watched_bytes(), page, false, kernel::Wake::no).error == 0) {
            faults_->wake(page_of(message), page);
            return;
        }
    }
}

} // namespace ufomem
