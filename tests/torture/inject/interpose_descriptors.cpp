// SPDX-License-Identifier: MIT
// As interpose.cpp: sockets, queues of events, pipes, and names of files.
#include "real.hpp"

#include <cstdarg>
#include <cstdio>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

using torture::Call;
using torture::Injector;
using torture::judge;
using torture::judge_number;

namespace {

DEFINE_REAL(accept4)
DEFINE_REAL(bind)
DEFINE_REAL(chmod)
DEFINE_REAL(connect)
DEFINE_REAL(epoll_create1)
DEFINE_REAL(epoll_ctl)
DEFINE_REAL(epoll_wait)
DEFINE_REAL(eventfd)
DEFINE_REAL(fchmod)
DEFINE_REAL(fcntl)
DEFINE_REAL(fread)
DEFINE_REAL(fstatfs)
DEFINE_REAL(getsockopt)
DEFINE_REAL(listen)
DEFINE_REAL(lstat)
DEFINE_REAL(mkdir)
DEFINE_REAL(openat)
DEFINE_REAL(pipe2)
DEFINE_REAL(poll)
DEFINE_REAL(posix_fadvise)
DEFINE_REAL(preadv2)
DEFINE_REAL(readlink)
DEFINE_REAL(recvmsg)
DEFINE_REAL(sendmsg)
DEFINE_REAL(setsockopt)
DEFINE_REAL(socket)
DEFINE_REAL(splice)
DEFINE_REAL(sync_file_range)
DEFINE_REAL(unlink)
DEFINE_REAL(unlinkat)
DEFINE_REAL(vmsplice)
DEFINE_REAL(write)

[[gnu::constructor]] void look_all_up()
{
    (void)REAL(accept4), (void)REAL(bind), (void)REAL(chmod), (void)REAL(connect), (void)REAL(epoll_create1);
    (void)REAL(epoll_ctl), (void)REAL(epoll_wait), (void)REAL(eventfd), (void)REAL(fchmod), (void)REAL(fcntl);
    (void)REAL(fread), (void)REAL(fstatfs), (void)REAL(getsockopt), (void)REAL(listen), (void)REAL(lstat);
    (void)REAL(mkdir), (void)REAL(openat), (void)REAL(pipe2), (void)REAL(poll), (void)REAL(posix_fadvise);
    (void)REAL(preadv2), (void)REAL(readlink), (void)REAL(recvmsg), (void)REAL(sendmsg), (void)REAL(setsockopt);
    (void)REAL(socket), (void)REAL(splice), (void)REAL(sync_file_range), (void)REAL(unlink), (void)REAL(unlinkat);
    (void)REAL(vmsplice), (void)REAL(write);
}

/// Half of it, or the error.
template <class Real> ssize_t transfer(Call call, void *caller, std::size_t size, Real real)
{
    const Injector::Verdict verdict = Injector::of_process().judge(call, 0, caller);
    if (!verdict.fault)
        return real(size);
    if (verdict.fault->partial)
        return real(size > 4096 ? size / 2 / 4096 * 4096 : size);
    errno = verdict.fault->error;
    return -1;
}

} // namespace

extern "C" {

int accept4(int descriptor, sockaddr *address, socklen_t *size, int flags)
{
    return judge(Call::accept4, 0, CALLER, -1, [=](auto) { return REAL(accept4)(descriptor, address, size, flags); });
}

int bind(int descriptor, const sockaddr *address, socklen_t size) noexcept
{
    return judge(Call::bind, 0, CALLER, -1, [=](auto) { return REAL(bind)(descriptor, address, size); });
}

int chmod(const char *path, mode_t mode) noexcept
{
    return judge(Call::chmod, 0, CALLER, -1, [=](auto) { return REAL(chmod)(path, mode); });
}

int connect(int descriptor, const sockaddr *address, socklen_t size)
{
    return judge(Call::connect, 0, CALLER, -1, [=](auto) { return REAL(connect)(descriptor, address, size); });
}

int epoll_create1(int flags) noexcept
{
    return judge(Call::epoll_create1, 0, CALLER, -1, [=](auto) { return REAL(epoll_create1)(flags); });
}

int epoll_ctl(int queue, int operation, int descriptor, epoll_event *event) noexcept
{
    return judge(Call::epoll_ctl, static_cast<std::uint64_t>(operation), CALLER, -1,
                 [=](auto) { return REAL(epoll_ctl)(queue, operation, descriptor, event); });
}

int epoll_wait(int queue, epoll_event *events, int most, int milliseconds)
{
    return judge(Call::epoll_wait, 0, CALLER, -1,
                 [=](auto) { return REAL(epoll_wait)(queue, events, most, milliseconds); });
}

int eventfd(unsigned count, int flags) noexcept
{
    return judge(Call::eventfd, 0, CALLER, -1, [=](auto) { return REAL(eventfd)(count, flags); });
}

int fchmod(int descriptor, mode_t mode) noexcept
{
    return judge(Call::fchmod, 0, CALLER, -1, [=](auto) { return REAL(fchmod)(descriptor, mode); });
}

int fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return judge(Call::fcntl, static_cast<std::uint64_t>(command), CALLER, -1,
                 [=](auto) { return REAL(fcntl)(descriptor, command, argument); });
}

std::size_t fread(void *out, std::size_t size, std::size_t count, FILE *file)
{
    return judge<std::size_t>(Call::fread, 0, CALLER, 0, [=](auto) { return REAL(fread)(out, size, count, file); });
}

int fstatfs(int descriptor, struct statfs *info) noexcept
{
    return judge(Call::fstatfs, 0, CALLER, -1, [=](auto) { return REAL(fstatfs)(descriptor, info); });
}

int getsockopt(int descriptor, int level, int option, void *value, socklen_t *size) noexcept
{
    return judge(Call::getsockopt, static_cast<std::uint64_t>(option), CALLER, -1,
                 [=](auto) { return REAL(getsockopt)(descriptor, level, option, value, size); });
}

int listen(int descriptor, int waiting) noexcept
{
    return judge(Call::listen, 0, CALLER, -1, [=](auto) { return REAL(listen)(descriptor, waiting); });
}

int lstat(const char *path, struct stat *info) noexcept
{
    return judge(Call::lstat, 0, CALLER, -1, [=](auto) { return REAL(lstat)(path, info); });
}

int mkdir(const char *path, mode_t mode) noexcept
{
    return judge(Call::mkdir, 0, CALLER, -1, [=](auto) { return REAL(mkdir)(path, mode); });
}

int openat(int folder, const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return judge(Call::openat, 0, CALLER, -1, [=](auto) { return REAL(openat)(folder, path, flags, mode); });
}

int pipe2(int ends[2], int flags) noexcept
{
    return judge(Call::pipe2, 0, CALLER, -1, [=](auto) { return REAL(pipe2)(ends, flags); });
}

int poll(pollfd *descriptors, nfds_t count, int milliseconds)
{
    return judge(Call::poll, 0, CALLER, -1, [=](auto) { return REAL(poll)(descriptors, count, milliseconds); });
}

int posix_fadvise(int descriptor, off_t offset, off_t length, int advice) noexcept
{
    return judge_number(Call::posix_fadvise, CALLER, [=] { return REAL(posix_fadvise)(descriptor, offset, length, advice); });
}

ssize_t preadv2(int descriptor, const iovec *parts, int count, off_t offset, int flags)
{
    return judge<ssize_t>(Call::preadv2, 0, CALLER, -1,
                          [=](auto) { return REAL(preadv2)(descriptor, parts, count, offset, flags); });
}

ssize_t readlink(const char *path, char *out, std::size_t size) noexcept
{
    return judge<ssize_t>(Call::readlink, 0, CALLER, -1, [=](auto) { return REAL(readlink)(path, out, size); });
}

ssize_t recvmsg(int descriptor, msghdr *message, int flags)
{
    const Injector::Verdict verdict = Injector::of_process().judge(Call::recvmsg, 0, CALLER);
    if (!verdict.fault)
        return REAL(recvmsg)(descriptor, message, flags);
    if (!verdict.fault->partial) {
        errno = verdict.fault->error;
        return -1;
    }
    // Without room for descriptors the kernel does with them what it does for who may not have any more.
    message->msg_control = nullptr;
    message->msg_controllen = 0;
    return REAL(recvmsg)(descriptor, message, flags);
}

ssize_t sendmsg(int descriptor, const msghdr *message, int flags)
{
    return judge<ssize_t>(Call::sendmsg, 0, CALLER, -1,
                          [=](auto) { return REAL(sendmsg)(descriptor, message, flags); });
}

int setsockopt(int descriptor, int level, int option, const void *value, socklen_t size) noexcept
{
    return judge(Call::setsockopt, static_cast<std::uint64_t>(option), CALLER, -1,
                 [=](auto) { return REAL(setsockopt)(descriptor, level, option, value, size); });
}

int socket(int domain, int type, int protocol) noexcept
{
    return judge(Call::socket, 0, CALLER, -1, [=](auto) { return REAL(socket)(domain, type, protocol); });
}

ssize_t splice(int in, loff_t *in_offset, int out, loff_t *out_offset, std::size_t size, unsigned flags)
{
    return transfer(Call::splice, CALLER, size,
                    [=](std::size_t part) { return REAL(splice)(in, in_offset, out, out_offset, part, flags); });
}

int sync_file_range(int descriptor, off_t offset, off_t length, unsigned flags)
{
    return judge(Call::sync_file_range, 0, CALLER, -1, [=](auto) { return REAL(sync_file_range)(descriptor, offset, length, flags); });
}

int unlink(const char *path) noexcept
{
    return judge(Call::unlink, 0, CALLER, -1, [=](auto) { return REAL(unlink)(path); });
}

int unlinkat(int folder, const char *path, int flags) noexcept
{
    return judge(Call::unlinkat, 0, CALLER, -1, [=](auto) { return REAL(unlinkat)(folder, path, flags); });
}

ssize_t vmsplice(int pipe, const iovec *parts, std::size_t count, unsigned flags)
{
    // The library gives one part.
    return transfer(Call::vmsplice, CALLER, count != 0 ? parts->iov_len : 0, [=](std::size_t size) {
        const iovec part{count != 0 ? parts->iov_base : nullptr, size};
        return REAL(vmsplice)(pipe, &part, count, flags);
    });
}

ssize_t write(int descriptor, const void *data, std::size_t size)
{
    return judge<ssize_t>(Call::write, 0, CALLER, -1, [=](auto) { return REAL(write)(descriptor, data, size); });
}

} // extern "C"
