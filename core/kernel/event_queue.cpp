// SPDX-License-Identifier: MIT
#include "event_queue.hpp"

#include <cerrno>

#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace ufomem::kernel {
namespace {

epoll_event event_for(std::uint64_t tag, EventQueue::Report report)
{
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | (report == EventQueue::Report::once ? EPOLLONESHOT : 0U);
    event.data.u64 = tag;
    return event;
}

Status add_event(const File &queue, int descriptor, epoll_event event)
{
    if (epoll_ctl(queue.descriptor(), EPOLL_CTL_ADD, descriptor, &event) != 0)
        return fail_errno(Code::system, errno, "cannot watch descriptor %d; raise fs.epoll.max_user_watches", descriptor);
    return {};
}

} // namespace

Result<EventQueue> EventQueue::make()
{
    EventQueue queue;
    queue.queue_ = File(epoll_create1(EPOLL_CLOEXEC));
    queue.stop_ = File(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!queue.queue_ || !queue.stop_)
        return fail_errno(Code::system, errno, "cannot make a queue of events");
    if (Status status = queue.add(queue.stop_.descriptor(), stopped, Report::always); !status.ok())
        return status;
    return queue;
}

Status EventQueue::add(int descriptor, std::uint64_t tag, Report report) const noexcept { return add_event(queue_, descriptor, event_for(tag, report)); }

Status EventQueue::add_end(int descriptor, std::uint64_t tag) const noexcept
{
    epoll_event event{};
    event.events = EPOLLRDHUP;
    event.data.u64 = tag;
    return add_event(queue_, descriptor, event);
}

bool EventQueue::report_again(int descriptor, std::uint64_t tag) const noexcept
{
    epoll_event event = event_for(tag, Report::once);
    return epoll_ctl(queue_.descriptor(), EPOLL_CTL_MOD, descriptor, &event) == 0;
}

void EventQueue::remove(int descriptor) const noexcept { epoll_ctl(queue_.descriptor(), EPOLL_CTL_DEL, descriptor, nullptr); }

std::uint64_t EventQueue::wait(int milliseconds) const noexcept
{
    epoll_event event{};
    return epoll_wait(queue_.descriptor(), &event, 1, milliseconds) == 1 ? event.data.u64 : nothing;
}

void EventQueue::stop() const noexcept
{
    // Nobody reads it, so that every thread sees it.
    eventfd_write(stop_.descriptor(), 1);
}

} // namespace ufomem::kernel
