// SPDX-License-Identifier: MIT
#include "unix_socket.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD // 6.5
#define SO_PEERPIDFD 77
#endif

namespace ufomem::kernel {
namespace {

constexpr int kind = SOCK_SEQPACKET | SOCK_CLOEXEC;

Result<sockaddr_un> address_of(const char *path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t length = std::strlen(path);
    if (length >= sizeof address.sun_path)
        return fail(Code::invalid, "the path of the socket, '%s', is longer than %zu bytes; choose a shorter one", path, sizeof address.sun_path - 1);
    std::memcpy(address.sun_path, path, length); // zeros follow
    return address;
}

int connect_quietly(int descriptor, const sockaddr_un &address)
{
    return connect(descriptor, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0 ? 0 : errno;
}

/// A socket that nobody listens at any more.
bool is_abandoned(const char *path, const sockaddr_un &address)
{
    struct stat info {};
    if (lstat(path, &info) != 0 || !S_ISSOCK(info.st_mode))
        return false;
    const File probe(socket(AF_UNIX, kind | SOCK_NONBLOCK, 0));
    return probe && connect_quietly(probe.descriptor(), address) == ECONNREFUSED;
}

} // namespace

Result<UnixSocket> UnixSocket::listen_at(const char *path, mode_t mode)
{
    Result<sockaddr_un> address = address_of(path);
    if (!address.ok())
        return address.status();
    UnixSocket listening(File(socket(AF_UNIX, kind | SOCK_NONBLOCK, 0)));
    if (!listening)
        return fail_errno(Code::system, errno, "cannot make a socket; does a sandbox forbid Unix sockets?");
    // The file that bind() makes has this mode, so that nobody else can connect in between.
    if (fchmod(listening.descriptor(), mode) != 0)
        return fail_errno(Code::system, errno, "cannot say who may connect to '%s'", path);
    const auto bound = [&] { return bind(listening.descriptor(), reinterpret_cast<const sockaddr *>(&*address), sizeof *address) == 0; };
    if (!bound() && !(errno == EADDRINUSE && is_abandoned(path, *address) && unlink(path) == 0 && bound()))
        return fail_errno(errno == EACCES ? Code::permission : Code::system, errno, "cannot listen at '%s'", path);
    if (chmod(path, mode) != 0 || listen(listening.descriptor(), SOMAXCONN) != 0)
        return fail_errno(Code::system, errno, "cannot listen at '%s'", path);
    return listening;
}

Result<UnixSocket> UnixSocket::connect_to(const char *path)
{
    Result<sockaddr_un> address = address_of(path);
    if (!address.ok())
        return address.status();
    UnixSocket connected(File(socket(AF_UNIX, kind, 0)));
    if (!connected)
        return fail_errno(Code::system, errno, "cannot make a socket; does a sandbox forbid Unix sockets?");
    if (const int error = connect_quietly(connected.descriptor(), *address); error != 0)
        return fail_errno(error == EACCES ? Code::permission : Code::system, error, "no service answers at '%s'", path);
    return connected;
}

UnixSocket UnixSocket::accept() const noexcept { return UnixSocket(File(accept4(descriptor(), nullptr, nullptr, SOCK_CLOEXEC))); }

Peer UnixSocket::peer() const noexcept
{
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(descriptor(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return {};
    return {credentials.pid, credentials.uid, credentials.gid};
}

File UnixSocket::peer_process() const noexcept
{
    int process = -1;
    socklen_t size = sizeof process;
    return getsockopt(descriptor(), SOL_SOCKET, SO_PEERPIDFD, &process, &size) == 0 ? File(process) : File();
}

Status UnixSocket::limit_waiting(std::chrono::milliseconds time) const noexcept
{
    const int flags = fcntl(descriptor(), F_GETFL);
    const timeval limit{time.count() / 1000, time.count() % 1000 * 1000};
    const bool at_once = time.count() == 0;
    if (flags < 0 || fcntl(descriptor(), F_SETFL, at_once ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) != 0 ||
        setsockopt(descriptor(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        setsockopt(descriptor(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0)
        return fail_errno(Code::system, errno, "cannot limit how long a socket waits");
    return {};
}

void UnixSocket::shut_down() const noexcept { shutdown(descriptor(), SHUT_RDWR); }

Status UnixSocket::send(std::span<const std::byte> message, int carried) const noexcept
{
    iovec part{const_cast<std::byte *>(message.data()), message.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof carried)] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (carried >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        cmsghdr *const rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof carried);
        std::memcpy(CMSG_DATA(rights), &carried, sizeof carried);
    }
    while (sendmsg(descriptor(), &header, MSG_NOSIGNAL) < 0)
        if (errno != EINTR)
            return fail_errno(errno == EPIPE || errno == ECONNRESET ? Code::closed : Code::system, errno, "sending a message of %zu bytes", message.size());
    return {};
}

Result<UnixSocket::Received> UnixSocket::receive(std::span<std::byte> room) const noexcept
{
    iovec part{room.data(), room.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    ssize_t size = 0;
    // ECONNRESET is told once, of a peer who left before it had read everything: what it said before is still there.
    while ((size = recvmsg(descriptor(), &header, MSG_CMSG_CLOEXEC)) < 0)
        if (errno != EINTR && errno != ECONNRESET)
            return fail_errno(Code::system, errno, "cannot receive a message");
    Received received;
    received.size = static_cast<std::size_t>(size);
    for (cmsghdr *part_of = CMSG_FIRSTHDR(&header); part_of; part_of = CMSG_NXTHDR(&header, part_of))
        if (part_of->cmsg_level == SOL_SOCKET && part_of->cmsg_type == SCM_RIGHTS)
            for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= part_of->cmsg_len; at += sizeof(int)) {
                int carried = -1;
                std::memcpy(&carried, CMSG_DATA(part_of) + at, sizeof carried);
                received.cut_off |= static_cast<bool>(received.descriptor); // one too many
                received.descriptor = File(carried);
            }
    // Descriptors for which there is no room are closed by the kernel: here is room for one.
    received.refused = (header.msg_flags & MSG_CTRUNC) != 0 && !received.descriptor;
    received.cut_off |= (header.msg_flags & MSG_TRUNC) != 0 || ((header.msg_flags & MSG_CTRUNC) != 0 && !received.refused);
    return received;
}

} // namespace ufomem::kernel
