// SPDX-License-Identifier: MIT
// What both ends of the service's protocol are told to say: messages that are right but for a part, and mere bytes; descriptors of all kinds.
#pragma once

#include "input.hpp"
#include "protocol.hpp"

#include "kernel/file.hpp"

#include <vector>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

namespace fuzz {

/// Something to send along; none as often as not.
inline ufomem::kernel::File any_descriptor(Input &in, int usual = -1)
{
    using ufomem::kernel::File;
    switch (in.up_to(9)) {
    case 0:
        return File(eventfd(0, EFD_CLOEXEC));
    case 1:
        return File(open("/dev/null", O_RDWR | O_CLOEXEC));
    case 2:
        return File(open("/proc/self", O_PATH | O_CLOEXEC));
    case 3: {
        File file(memfd_create("fuzz", MFD_CLOEXEC));
        if (ftruncate(file.descriptor(), static_cast<off_t>(in.up_to(300'000))) != 0)
            return {};
        return file;
    }
    case 4:
    case 5:
        return {};
    default:
        return usual >= 0 ? File(fcntl(usual, F_DUPFD_CLOEXEC, 0)) : File();
    }
}

inline void set_number(std::vector<std::byte> &message, std::size_t offset, Input &in)
{
    static constexpr std::uint64_t tempting[] = {0, 1, 2, 4096, 65536, 1ULL << 20, 1ULL << 46, 1ULL << 63, ~0ULL, ~0ULL - 4095};
    const std::uint64_t value = in.one_in(4) ? in.number<std::uint64_t>() : in.one_of(tempting);
    if (offset + sizeof value <= message.size())
        std::memcpy(message.data() + offset, &value, sizeof value);
}

/// A message of this kind, some of whose numbers the input has chosen.
template <class Message> std::vector<std::byte> altered(Message message, Input &in)
{
    const std::span<const std::byte> right = ufomem::service::bytes_of(message);
    std::vector<std::byte> bytes(right.begin(), right.end());
    for (std::size_t changes = in.up_to(3); changes != 0; --changes)
        set_number(bytes, sizeof(ufomem::service::Head) + 8 * in.up_to(5), in);
    if (in.one_in(16))
        set_number(bytes, 8 * in.up_to(1), in);
    if (in.one_in(16))
        bytes.resize(in.up_to(2 * ufomem::service::most_message_bytes));
    return bytes;
}

inline std::vector<std::byte> mere_bytes(Input &in)
{
    const std::span<const std::uint8_t> taken = in.take(in.up_to(600));
    const std::span<const std::byte> bytes = std::as_bytes(taken);
    return {bytes.begin(), bytes.end()};
}

} // namespace fuzz
