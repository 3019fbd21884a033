// SPDX-License-Identifier: MIT
// userfaultfd as the kernel gives it, and nothing more: what every library on top of it has to pay.
#pragma once

#include "common/die.hpp"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

// Newer than the headers of some distributions that still run on newer kernels.
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif
#ifndef UFFD_FEATURE_MOVE // Linux 6.8
#define UFFD_FEATURE_MOVE (1 << 16)
struct uffdio_move {
    __u64 dst;
    __u64 src;
    __u64 len;
    __u64 mode;
    __s64 move;
};
#define UFFDIO_MOVE _IOWR(0xAA, 0x05, struct uffdio_move)
#endif

namespace bench {

/// Anonymous memory at an address that is a multiple of 2 MiB, so that huge pages are possible.
class Mapping {
  public:
    explicit Mapping(std::size_t bytes) : reserved_(bytes + alignment)
    {
        base_ = mmap(nullptr, reserved_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base_ == MAP_FAILED)
            die_of_errno("mmap");
    }
    ~Mapping() { munmap(base_, reserved_); }
    Mapping(const Mapping &) = delete;
    Mapping &operator=(const Mapping &) = delete;

    [[nodiscard]] std::byte *data() const
    {
        const auto address = reinterpret_cast<std::uintptr_t>(base_);
        return reinterpret_cast<std::byte *>((address + alignment - 1) / alignment * alignment);
    }

  private:
    static constexpr std::size_t alignment = std::size_t{2} << 20;
    std::size_t reserved_;
    void *base_;
};

class Userfault {
  public:
    explicit Userfault(std::uint64_t features) : fd_(open_any())
    {
        uffdio_api api = {};
        api.api = UFFD_API;
        api.features = features;
        if (ioctl(fd_, UFFDIO_API, &api) != 0)
            die_of_errno("this kernel lacks a feature of userfaultfd (UFFDIO_API)");
    }
    // Not closed: readers may be blocked in it until the program ends.

    void watch(void *address, std::size_t bytes, std::uint64_t mode) const
    {
        uffdio_register range = {};
        range.range = {reinterpret_cast<std::uintptr_t>(address), bytes};
        range.mode = mode;
        if (ioctl(fd_, UFFDIO_REGISTER, &range) != 0)
            die_of_errno("UFFDIO_REGISTER");
    }

    /// Waits for a fault, blocked in the kernel; gives its address.
    [[nodiscard]] std::uintptr_t next_fault() const
    {
        for (;;) {
            uffd_msg message;
            const ssize_t got = read(fd_, &message, sizeof(message));
            if (got == sizeof(message) && message.event == UFFD_EVENT_PAGEFAULT)
                return static_cast<std::uintptr_t>(message.arg.pagefault.address);
            if (got < 0 && errno != EAGAIN && errno != EINTR)
                die_of_errno("read of a userfaultfd message");
        }
    }

    /// False if the memory was there already; who waited for it is woken in any case.
    [[nodiscard]] bool copy(void *to, const void *from, std::size_t bytes) const
    {
        for (std::size_t done = 0; done < bytes;) {
            uffdio_copy request = {};
            request.dst = reinterpret_cast<std::uintptr_t>(to) + done;
            request.src = reinterpret_cast<std::uintptr_t>(from) + done;
            request.len = bytes - done;
            if (ioctl(fd_, UFFDIO_COPY, &request) == 0)
                return true;
            if (errno == EEXIST && done == 0) {
                wake(to, bytes);
                return false;
            }
            if (errno != EAGAIN)
                die_of_errno("UFFDIO_COPY");
            if (request.copy > 0)
                done += static_cast<std::size_t>(request.copy);
        }
        return true;
    }

    /// Moves pages from one place to another, which must be empty.  False if it was not.
    [[nodiscard]] bool move(void *to, void *from, std::size_t bytes) const
    {
        for (std::size_t done = 0; done < bytes;) {
            uffdio_move request = {};
            request.dst = reinterpret_cast<std::uintptr_t>(to) + done;
            request.src = reinterpret_cast<std::uintptr_t>(from) + done;
            request.len = bytes - done;
            if (ioctl(fd_, UFFDIO_MOVE, &request) == 0)
                return true;
            if (errno == EEXIST && done == 0) {
                wake(to, bytes);
                return false;
            }
            if (errno != EAGAIN)
                die_of_errno("UFFDIO_MOVE");
            if (request.move > 0)
                done += static_cast<std::size_t>(request.move);
        }
        return true;
    }

    void wake(void *address, std::size_t bytes) const
    {
        uffdio_range range = {reinterpret_cast<std::uintptr_t>(address), bytes};
        ioctl(fd_, UFFDIO_WAKE, &range);
    }

  private:
    /// The device, the system call, and at last the system call for faults in user mode: as a library would.
    static int open_any()
    {
        const int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
        if (device >= 0) {
            const int fd = ioctl(device, USERFAULTFD_IOC_NEW, O_CLOEXEC);
            close(device);
            if (fd >= 0)
                return fd;
        }
        for (const int flags : {O_CLOEXEC, O_CLOEXEC | UFFD_USER_MODE_ONLY}) {
            const auto fd = static_cast<int>(syscall(SYS_userfaultfd, flags));
            if (fd >= 0)
                return fd;
        }
        die_of_errno("userfaultfd");
    }

    int fd_;
};

} // namespace bench
