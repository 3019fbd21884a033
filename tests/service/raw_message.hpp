// SPDX-License-Identifier: MIT
// Messages without the library's client or service at the other end.
#pragma once

#include "processes.hpp"

namespace ufomem::service {

/// The next message, if it is of this kind, and what came with it; a failure that the other side tells is one here.
template <class Message> Result<Message> receive_as(const kernel::UnixSocket &socket, kernel::File *carried = nullptr)
{
    alignas(Head) std::byte room[most_message_bytes];
    Result<kernel::UnixSocket::Received> received = socket.receive(room);
    if (!received.ok())
        return received.status();
    const std::span<const std::byte> message = std::span(room).first(received->size);
    Result<Kind> kind = kind_of(message, static_cast<bool>(received->descriptor));
    if (!kind.ok())
        return kind.status();
    if (*kind == Kind::failed)
        return report(read_as<Failed>(message));
    if (*kind != Message::kind)
        return fail(Code::system, "a message of another kind: %u", static_cast<unsigned>(*kind));
    if (carried)
        *carried = std::move(received->descriptor);
    return read_as<Message>(message);
}

} // namespace ufomem::service
