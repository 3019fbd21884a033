// SPDX-License-Identifier: MIT
#include "pressure_alarm.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

namespace ufomem::kernel {
namespace {

/// Microseconds of waiting in a window.  From Linux 6.5 on users without privileges may have windows of whole two seconds.
constexpr std::array<const char *, 2> triggers{"some 50000 1000000", "some 100000 2000000"};

constexpr std::size_t most_triggers = 15;

void sleep(int milliseconds) noexcept
{
    const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
    nanosleep(&time, nullptr);
}

} // namespace

Result<PressureAlarm> PressureAlarm::make()
{
    PressureAlarm alarm;
    alarm.stop_ = File(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!alarm.stop_)
        return fail_errno(Code::system, errno, "cannot make what ends a wait for pressure (eventfd)");
    return alarm;
}

void PressureAlarm::watch(const std::string &pressure_file)
{
    if (triggers_.size() == most_triggers)
        return;
    triggers_.reserve(triggers_.size() + 1);
    for (const char *trigger : triggers) {
        File file(open(pressure_file.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
        if (file && write(file.descriptor(), trigger, std::strlen(trigger) + 1) > 0) {
            triggers_.push_back(std::move(file));
            return;
        }
    }
}

PressureAlarm::Event PressureAlarm::wait(int milliseconds) noexcept
{
    std::array<pollfd, most_triggers + 1> waiting{};
    waiting[0] = {stop_.descriptor(), POLLIN, 0};
    for (std::size_t i = 0; i < triggers_.size(); ++i)
        waiting[i + 1] = {triggers_[i].descriptor(), POLLPRI, 0};
    const int ready = poll(waiting.data(), triggers_.size() + 1, milliseconds);
    if (ready < 0 && errno != EINTR) // no memory, or fewer descriptors are allowed now: who waits again at once would not rest any more
        sleep(milliseconds);
    if (ready <= 0)
        return Event::time;
    if (waiting[0].revents != 0)
        return Event::stopped;
    // A group that has gone would wake us for ever.
    for (std::size_t i = triggers_.size(); i-- > 0;)
        if ((waiting[i + 1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
            triggers_.erase(triggers_.begin() + static_cast<std::ptrdiff_t>(i));
    return Event::pressure;
}

void PressureAlarm::stop() const noexcept { eventfd_write(stop_.descriptor(), 1); }

} // namespace ufomem::kernel
