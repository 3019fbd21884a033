// SPDX-License-Identifier: MIT
#include "attachment.hpp"

#include "kernel/clock.hpp"

#include <algorithm>

namespace ufomem::service {

/// Before the chunk's word is looked at, so that whoever publishes its next state finds us.
bool Attachment::note_wanted(ChunkIndex chunk) noexcept
{
    const GuardedLock lock(mutex_);
    const auto found = std::find_if(wanted_.begin(), wanted_.end(), [&](const Wanted &wanted) { return wanted.chunk == chunk; });
    if (found != wanted_.end()) {
        found->woken = false;
        return true;
    }
    if (wanted_.size() == most_wanted)
        return false;
    try {
        wanted_.push_back({chunk, kernel::now_nanoseconds()});
        return true;
    } catch (...) {
        return false;
    }
}

bool Attachment::refuse_now(ChunkIndex chunk) noexcept
{
    const ByteRange pages = region_->geometry().pages_of(chunk);
    const bool told = faults_->poison(at(pages), pages.length);
    faults_->wake(at(pages), pages.length);
    return told;
}

bool Attachment::answer(std::uint64_t address, pid_t thread, FaultThreads &threads) noexcept
{
    Region::Fault fault;
    const std::size_t offset = address - address_;
    fault.chunk = region_->geometry().chunk_at(offset);
    fault.thread = thread;
    const RegionVisit region = region_->enter();
    if (!region || !note_wanted(fault.chunk))
        return refuse_now(fault.chunk);
    fault.address = region->body() + offset;
    Region::Answer given = region->answer_quickly(fault);
    if (given == Region::Answer::fill) {
        const FaultThreads::Busy busy(threads, region_->share(), weak_from_this(), fault.chunk.value);
        if (busy.parked())
            return true; // it keeps being wanted
        given = busy ? region->answer_by_fill(fault) : Region::Answer::refused;
    }
    if (given != Region::Answer::refused)
        return true;
    const bool told = refuse({region->geometry().pages_of(fault.chunk)});
    wake(region->geometry().pages_of(fault.chunk));
    return told;
}

bool Attachment::refuse_since(std::int64_t nanoseconds, std::size_t &count) noexcept
{
    const GuardedLock lock(mutex_);
    bool told = true;
    std::erase_if(wanted_, [&](const Wanted &wanted) {
        if (wanted.since > nanoseconds)
            return false;
        if (wanted.woken)
            return true; // who asked has been answered since, or has gone
        ++count;
        told &= refuse_now(wanted.chunk);
        return true;
    });
    return told;
}

/// How long it has been wanted is not forgotten.
bool Attachment::ask_again(std::uint64_t chunk) noexcept
{
    const GuardedLock lock(mutex_);
    const auto wanted = std::find_if(wanted_.begin(), wanted_.end(), [&](const Wanted &each) { return each.chunk.value == chunk; });
    if (wanted == wanted_.end())
        return false;
    wanted->woken = true;
    const ByteRange pages = region_->geometry().pages_of(wanted->chunk);
    faults_->wake(at(pages), pages.length);
    return true;
}

void Attachment::wake(ByteRange pages) noexcept
{
    const GuardedLock lock(mutex_);
    const Geometry &geometry = region_->geometry();
    std::erase_if(wanted_, [&](const Wanted &wanted) {
        const ByteRange waiting = geometry.pages_of(wanted.chunk);
        if (waiting.offset >= pages.end() || pages.offset >= waiting.end())
            return false;
        faults_->wake(at(waiting), waiting.length);
        return true;
    });
}

/// Of those that did not ask, none loses anything.
bool Attachment::refuse(ByteRange pages) noexcept
{
    const GuardedLock lock(mutex_);
    bool told = true;
    for (const Wanted &wanted : wanted_) {
        const ByteRange waiting = region_->geometry().pages_of(wanted.chunk);
        if (waiting.offset < pages.end() && pages.offset < waiting.end())
            told &= faults_->poison(at(waiting), waiting.length);
    }
    return told;
}

} // namespace ufomem::service
