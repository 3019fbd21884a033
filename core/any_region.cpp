// SPDX-License-Identifier: MIT
#include "any_region.hpp"

#include "cancel_guard.hpp"
#include "glance.hpp"
#include "signal_guard.hpp"

#include <ctime>

namespace ufomem {

bool RegionHandle::end(std::uint64_t word, std::uint32_t users) noexcept
{
    const CancelGuard guard;
    // Late calls come and go on a closing handle.
    const std::uint64_t unused = ((word & ~phase_mask) | phase_bits(Phase::unused)) - users;
    if (!word_.compare_exchange_strong(word, unused, std::memory_order_acq_rel))
        return false;
    region_->end();
    return true;
}

Status AnyRegion::close(RegionHandle *handle, Wait wait) noexcept
{
    const SignalGuard guard;
    AnyRegion *region = handle->enter_closing(); // so that it stays until we are done
    if (region)
        region->begin_closing(); // before the last call that was let in can end
    if (!region || !handle->close()) {
        if (region)
            handle->leave();
        return fail(Code::closed, "the region has been freed before");
    }
    Glances::wait_for_end(handle);
    constexpr std::uint32_t ours = 2;
    const bool waits = wait == Wait::yes && !region->calls_back_on_this_thread();
    const auto wait_a_moment = [] {
        const timespec moment{0, 200'000};
        nanosleep(&moment, nullptr);
    };
    while (waits && handle->users() > ours + region->pins())
        wait_a_moment();
    const Status status = region->finish_changes();
    const Failure failure = Failure::of_this_thread(status);
    // Faults may have come in meanwhile, to be refused: whoever waits for the end does not leave it to them.
    bool ended = false;
    while (waits && !ended && region->pins() == 0)
        if (!(ended = handle->leave_as_last(ours)))
            wait_a_moment();
    if (!ended)
        handle->leave(ours);
    return failure.code == Code::ok ? Status{} : failure.report();
}

} // namespace ufomem
