// SPDX-License-Identifier: MIT
// What service and clients say to each other.  Both are on one machine, so numbers are as the machine has them.
//
// Messages are packets of a socket that keeps them apart.  Each kind has one size, and comes with a descriptor or without: whatever differs from
// that is refused.  No message names a path.  Every request gets one answer, with its number: the one that belongs to it, or Failed.
#pragma once

#include "any_region.hpp"
#include "figures.hpp"
#include "status.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace ufomem::service {

constexpr std::uint32_t magic = 0x534f4655; // "UFOS"
constexpr std::uint16_t protocol_version = 1;

enum class Kind : std::uint16_t {
    hello = 1,
    welcome,
    open_file,
    open_name,
    opened,
    attach,
    retry,
    detach,
    done,
    failed,
    pin,
    pinned,
    unpin,
    will_need,
    region_stats,
    region_figures,
    server_stats,
    server_figures,
};

struct Head {
    std::uint32_t magic = service::magic;
    std::uint16_t version = protocol_version;
    Kind kind{};
    std::uint32_t size = 0; ///< of the whole message
    std::uint32_t number = 0; ///< of the request, chosen by the client
};

/// The first message of a client, with the userfaultfd that its memory is registered with.
struct Hello {
    static constexpr Kind kind = Kind::hello;
    static constexpr bool carries = true;
    Head head;
};
/// With a descriptor of the service's process, which tells when that has ended.
struct Welcome {
    static constexpr Kind kind = Kind::welcome;
    static constexpr bool carries = true;
    Head head;
    std::uint64_t client = 0; ///< the number under which the service knows it
};
/// A whole file, which comes opened for reading.
struct OpenFile {
    static constexpr Kind kind = Kind::open_file;
    static constexpr bool carries = true;
    Head head;
    std::uint64_t chunk_bytes = 0; ///< 0: as the service likes; who opens the file first decides
};
/// An array that the service's process has published.
struct OpenName {
    static constexpr Kind kind = Kind::open_name;
    static constexpr bool carries = false;
    static constexpr std::size_t most = 64;
    Head head;
    char name[most] = {}; ///< ends with a zero
};
/// With the memory of the region, which can be mapped for reading.
struct Opened {
    static constexpr Kind kind = Kind::opened;
    static constexpr bool carries = true;
    Head head;
    std::uint64_t region = 0; ///< its number, for this client
    std::uint64_t bytes = 0;
    std::uint64_t element_size = 0;
    std::uint64_t chunk_bytes = 0;
};
/// The region's memory is mapped at that address, and registered.
struct Attach {
    static constexpr Kind kind = Kind::attach;
    static constexpr bool carries = false;
    Head head;
    std::uint64_t region = 0;
    std::uint64_t address = 0;
};
/// What could not be had of these bytes is wanted again.
struct Retry {
    static constexpr Kind kind = Kind::retry;
    static constexpr bool carries = false;
    Head head;
    std::uint64_t region = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};
/// These bytes, which the client has just seen, are not to leave; pins nest.
struct Pin {
    static constexpr Kind kind = Kind::pin;
    static constexpr bool carries = false;
    Head head;
    std::uint64_t region = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};
struct Pinned {
    static constexpr Kind kind = Kind::pinned;
    static constexpr bool carries = false;
    Head head;
    std::uint64_t complete = 0; ///< 0: some have left again, and nothing is pinned
};
/// Takes back a Pin of the same bytes.
struct Unpin {
    static constexpr Kind kind = Kind::unpin;
    static constexpr bool carries = false;
    Head head;
    std::uint64_t region = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};
/// These bytes will be asked for soon.
struct WillNeed {
    static constexpr Kind kind = Kind::will_need;
    static constexpr bool carries = false;
    Head head;
    std::uint64_t region = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
};
struct RegionStats {
    static constexpr Kind kind = Kind::region_stats;
    static constexpr bool carries = false;
    Head head;
    std::uint64_t region = 0;
};
struct RegionFiguresAnswer {
    static constexpr Kind kind = Kind::region_figures;
    static constexpr bool carries = false;
    Head head;
    RegionFigures figures;
};
struct ServerStats {
    static constexpr Kind kind = Kind::server_stats;
    static constexpr bool carries = false;
    Head head;
};
struct ServerFiguresAnswer {
    static constexpr Kind kind = Kind::server_figures;
    static constexpr bool carries = false;
    Head head;
    ServerFigures figures;
};
/// It is not any more, or will never be.
struct Detach {
    static constexpr Kind kind = Kind::detach;
    static constexpr bool carries = false;
    Head head;
    std::uint64_t region = 0;
};
struct Done {
    static constexpr Kind kind = Kind::done;
    static constexpr bool carries = false;
    Head head;
};
struct Failed {
    static constexpr Kind kind = Kind::failed;
    static constexpr bool carries = false;
    static constexpr std::size_t most = 384;
    Head head;
    std::int32_t code = 0; ///< a Code
    std::uint32_t reserved = 0;
    char text[most] = {}; ///< ends with a zero
};

constexpr std::size_t most_message_bytes = sizeof(Failed);

/// What kind of message it is: one that is complete, that we understand, and that has a descriptor with it if it should.
Result<Kind> kind_of(std::span<const std::byte> message, bool with_descriptor) noexcept;

/// The message itself; kind_of() has said that it is one of these.
template <class Message> Message read_as(std::span<const std::byte> message) noexcept
{
    Message read;
    std::memcpy(&read, message.data(), sizeof read);
    return read;
}

template <class Message> Message make(std::uint32_t number) noexcept
{
    Message message;
    message.head.kind = Message::kind;
    message.head.size = sizeof message;
    message.head.number = number;
    return message;
}

template <class Message> std::span<const std::byte> bytes_of(const Message &message) noexcept { return std::as_bytes(std::span(&message, 1)); }

/// What a failure becomes on its way to a client, and there again.
Failed make_failed(std::uint32_t number, const Failure &failure) noexcept;
Status report(const Failed &failed) noexcept;

/// A name that may be published: of one to 63 printable ASCII characters.
bool is_name(std::span<const char> name) noexcept;

} // namespace ufomem::service
