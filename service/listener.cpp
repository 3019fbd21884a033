// SPDX-License-Identifier: MIT
#include "listener.hpp"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ufomem::service {
namespace {

bool same_file(const struct stat &one, const struct stat &other)
{
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

int option(int descriptor, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

} // namespace

std::string default_socket_path()
{
    if (const char *path = std::getenv("UFOMEM_SERVICE"); path && *path)
        return path;
    const char *runtime = std::getenv("XDG_RUNTIME_DIR");
    return std::string(runtime && *runtime ? runtime : "/run") + "/ufomem/service";
}

Result<Listener> Listener::at(const std::string &path, mode_t mode)
{
    Listener listener;
    listener.path_ = path.empty() ? default_socket_path() : path;
    if (path.empty()) {
        const std::string directory = listener.path_.substr(0, listener.path_.rfind('/'));
        if (!directory.empty() && mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
            return fail_errno(errno == EACCES ? Code::permission : Code::file, errno,
                              "cannot make the directory '%s' for the service's socket", directory.c_str());
    }
    Result<kernel::UnixSocket> socket = kernel::UnixSocket::listen_at(listener.path_.c_str(), mode);
    if (!socket.ok())
        return socket.status();
    listener.socket_ = std::move(*socket);
    listener.ours_ = lstat(listener.path_.c_str(), &listener.made_) == 0;
    return listener;
}

Result<Listener> Listener::adopt(int descriptor)
{
    if (option(descriptor, SO_DOMAIN) != AF_UNIX || option(descriptor, SO_TYPE) != SOCK_SEQPACKET
        || option(descriptor, SO_ACCEPTCONN) != 1)
        return fail(Code::invalid,
                    "descriptor %d is not a Unix socket for packets (SOCK_SEQPACKET) that listens; give the service "
                    "one that does, or a path",
                    descriptor);
    Listener listener;
    kernel::File own(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
    // Others may be listening at it, and be faster.
    const int flags = own ? fcntl(own.descriptor(), F_GETFL) : -1;
    if (flags < 0 || fcntl(own.descriptor(), F_SETFL, flags | O_NONBLOCK) != 0)
        return fail_errno(Code::system, errno, "cannot take over the listening descriptor %d", descriptor);
    listener.socket_ = kernel::UnixSocket(std::move(own));
    return listener;
}

Listener &Listener::operator=(Listener &&other) noexcept
{
    std::swap(socket_, other.socket_);
    std::swap(path_, other.path_);
    std::swap(made_, other.made_);
    other.ours_ = ours_.exchange(other.ours_);
    return *this;
}

/// What has been put in its place meanwhile is left alone.
Listener::~Listener()
{
    struct stat now {};
    if (ours_ && lstat(path_.c_str(), &now) == 0 && same_file(now, made_))
        unlink(path_.c_str());
}

} // namespace ufomem::service
