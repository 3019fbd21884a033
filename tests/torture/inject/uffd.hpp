// SPDX-License-Identifier: MIT
// Constants of userfaultfd that are newer than the headers of the distributions that we build on.
#pragma once

#include <cstdint>

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#ifndef USERFAULTFD_IOC_NEW
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif
#ifndef UFFDIO_CONTINUE
struct uffdio_continue {
    uffdio_range range;
    std::uint64_t mode;
    std::int64_t mapped;
};
#define UFFDIO_CONTINUE _IOWR(UFFDIO, 0x07, struct uffdio_continue)
#endif
#ifndef UFFDIO_POISON
struct uffdio_poison {
    uffdio_range range;
    std::uint64_t mode;
    std::int64_t updated;
};
#define UFFDIO_POISON _IOWR(UFFDIO, 0x08, struct uffdio_poison)
#endif
#ifndef UFFDIO_MOVE
struct uffdio_move {
    std::uint64_t dst;
    std::uint64_t src;
    std::uint64_t len;
    std::uint64_t mode;
    std::int64_t move;
};
#define UFFDIO_MOVE _IOWR(UFFDIO, 0x05, struct uffdio_move)
#endif

namespace torture {

/// The futex system call sleeps or wakes, which fail in different ways.
inline constexpr std::uint64_t futex_wait_request = std::uint64_t{1} << 32;

/// Memory gives room back without fail, other than a disk.
inline constexpr std::uint64_t fallocate_in_memory = 1;

} // namespace torture
