// SPDX-License-Identifier: MIT
#include "service_manager.hpp"

#include "command_line.hpp"

#include <cstdint>
#include <cstdlib>
#include <ctime>

#ifdef UFOD_HAVE_LIBSYSTEMD
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#endif

namespace ufod::service_manager {

#ifdef UFOD_HAVE_LIBSYSTEMD

int listening_socket()
{
    const int count = sd_listen_fds(1);
    if (count <= 0)
        return -1;
    if (count > 1)
        throw UsageError(std::to_string(count) + " sockets were handed over; ufod listens at one.");
    if (sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_SEQPACKET, 1, nullptr, 0) <= 0)
        throw UsageError(
            "The socket that was handed over is no listening Unix socket for packets in order; with systemd write "
            "ListenSequentialPacket=.");
    return SD_LISTEN_FDS_START;
}

void ready() { sd_notify(0, "READY=1"); }

void reloading()
{
    // The time lets the manager know which of several reloads it was.
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const auto microseconds =
        static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
    sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str());
}

void stopping() { sd_notify(0, "STOPPING=1"); }

void status(const std::string &text) { sd_notify(0, ("STATUS=" + text).c_str()); }

std::chrono::microseconds watchdog()
{
    std::uint64_t microseconds = 0;
    return std::chrono::microseconds(sd_watchdog_enabled(0, &microseconds) > 0 ? microseconds : 0);
}

void alive() { sd_notify(0, "WATCHDOG=1"); }

#else

int listening_socket()
{
    if (std::getenv("LISTEN_FDS"))
        throw UsageError(
            "A socket was handed over (LISTEN_FDS), but this ufod was built without libsystemd and cannot take it.");
    return -1;
}

void ready() {}
void reloading() {}
void stopping() {}
void status(const std::string &) {}
std::chrono::microseconds watchdog() { return std::chrono::microseconds(0); }
void alive() {}

#endif

} // namespace ufod::service_manager
