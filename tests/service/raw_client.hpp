// SPDX-License-Identifier: MIT
// A client that says what it likes.
#pragma once

#include "raw_message.hpp"

namespace ufomem::service {

struct RawClient {
    kernel::Pagemap pagemap;
    kernel::Userfaultfd faults;
    kernel::UnixSocket socket;

    bool connect(const std::string &path)
    {
        Result<kernel::Userfaultfd> opened = kernel::Userfaultfd::open(pagemap, 0, kernel::Faults::as_messages);
        Result<kernel::UnixSocket> connected = kernel::UnixSocket::connect_to(path.c_str());
        if (!opened.ok() || !connected.ok() || !connected->limit_waiting(std::chrono::seconds(60)).ok())
            return false;
        faults = std::move(*opened);
        socket = std::move(*connected);
        return true;
    }
    bool greet()
    {
        kernel::File process;
        return ask<Welcome>(make<Hello>(1), faults.descriptor(), &process).ok();
    }
    /// The service has ended the conversation, perhaps after saying why.
    bool is_dismissed()
    {
        for (;;) {
            std::byte room[most_message_bytes];
            Result<kernel::UnixSocket::Received> received = socket.receive(room);
            if (!received.ok() || received->size == 0)
                return received.ok() || std::strstr(last_error(), "reset");
            Result<Kind> kind = kind_of(std::span(room).first(received->size), static_cast<bool>(received->descriptor));
            if (!kind.ok() || *kind != Kind::failed)
                return false;
        }
    }
    template <class Answer, class Request> Result<Answer> ask(const Request &request, int descriptor = -1, kernel::File *carried = nullptr)
    {
        if (Status status = socket.send(bytes_of(request), descriptor); !status.ok())
            return status;
        return receive_as<Answer>(socket, carried);
    }
    Result<Opened> open_array(kernel::File &memory)
    {
        OpenName request = make<OpenName>(2);
        std::strcpy(request.name, "array");
        return ask<Opened>(request, -1, &memory);
    }
};

} // namespace ufomem::service
