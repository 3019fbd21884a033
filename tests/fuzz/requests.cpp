// SPDX-License-Identifier: MIT
// The service's end of the protocol: clients that say what bytes tell them, and one that is honest and must not notice.
#include "served.hpp"

#include "server.hpp"

#include "core.hpp"
#include "kernel/unix_socket.hpp"
#include "kernel/userfaultfd.hpp"

#include <cstdlib>
#include <memory>
#include <string>

using namespace fuzz;
using namespace ufomem;
using namespace ufomem::service;

namespace {

class Numbers final : public ufomem::Source {
  public:
    Status load(const Geometry &, ByteRange data, std::byte *out) override
    {
        for (std::size_t i = 0; i < data.length; ++i)
            out[i] = static_cast<std::byte>((data.offset + i) * 3 + 1);
        return {};
    }
};

struct LiveService {
    std::string folder;
    std::shared_ptr<Core> core;
    std::unique_ptr<Server> server;

    LiveService()
    {
        char name[] = "/tmp/ufomem-fuzz-XXXXXX";
        folder = mkdtemp(name);
        Core::Options of_core;
        of_core.budget = 4 << 20;
        Result<std::shared_ptr<Core>> made = Core::make(of_core);
        MUST(made.ok(), "%s", last_error());
        core = *made;
        Server::Options options;
        options.core = core;
        options.path = folder + "/socket";
        options.limits.answer_milliseconds = 1000;
        Result<std::unique_ptr<Server>> started = Server::start(options);
        MUST(started.ok(), "%s", last_error());
        server = std::move(*started);
        Core::RegionRequest request;
        request.geometry.count = 1 << 20;
        request.geometry.element_size = 1;
        request.options.source = std::make_shared<Numbers>();
        MUST(server->catalogue().publish("array", std::move(request)).ok(), "%s", last_error());
    }
    ~LiveService()
    {
        server.reset();
        rmdir(folder.c_str());
    }
};

class Caller {
  public:
    explicit Caller(const std::string &path)
    {
        Result<kernel::Userfaultfd> opened = kernel::Userfaultfd::open(pagemap_, 0, kernel::Faults::as_messages);
        Result<kernel::UnixSocket> connected = kernel::UnixSocket::connect_to(path.c_str());
        MUST(opened.ok() && connected.ok(), "%s", last_error());
        faults_ = std::move(*opened);
        socket_ = std::move(*connected);
        MUST(socket_.limit_waiting(std::chrono::milliseconds(5000)).ok());
    }
    int faults() const { return faults_.descriptor(); }
    bool say(std::span<const std::byte> message, int descriptor) { return socket_.send(message, descriptor).ok(); }
    /// What comes back, and must be an answer.  False if the service has hung up.
    bool hear(Kind *kind = nullptr, std::vector<std::byte> *message = nullptr)
    {
        alignas(Head) std::byte room[most_message_bytes];
        Result<kernel::UnixSocket::Received> received = socket_.receive(room);
        MUST(received.ok(), "%s", last_error()); // it answers, or hangs up, in time
        if (received->size == 0)
            return false;
        const std::span<const std::byte> heard = std::span(room).first(received->size);
        Result<Kind> is = kind_of(heard, static_cast<bool>(received->descriptor));
        MUST(is.ok(), "%s", last_error());
        if (kind)
            *kind = *is;
        if (message)
            message->assign(heard.begin(), heard.end());
        return true;
    }

  private:
    kernel::Pagemap pagemap_;
    kernel::Userfaultfd faults_;
    kernel::UnixSocket socket_;
};

OpenName open_array()
{
    OpenName request = make<OpenName>(2);
    std::strcpy(request.name, "array");
    return request;
}

std::vector<std::byte> request(Input &in)
{
    switch (in.up_to(13)) {
    case 0:
        return altered(make<Hello>(1), in);
    case 1:
        return altered(make<OpenFile>(2), in);
    case 2:
    case 3:
        return altered(open_array(), in);
    case 4: {
        OpenName name = make<OpenName>(3);
        const std::string text = in.line(63);
        std::copy(text.begin(), text.end(), name.name);
        return altered(name, in);
    }
    case 5:
        return altered(make<Attach>(4), in);
    case 6:
        return altered(make<Retry>(5), in);
    case 7:
        return altered(make<Detach>(6), in);
    case 8:
        return altered(make<Pin>(7), in);
    case 9:
        return altered(make<Unpin>(8), in);
    case 10:
        return altered(make<WillNeed>(9), in);
    case 11:
        return altered(make<RegionStats>(10), in);
    case 12:
        return altered(make<ServerStats>(11), in);
    default:
        return mere_bytes(in);
    }
}

/// Messages in good order: a greeting, an array, its first bytes brought in and pinned.
void be_honest(const LiveService &service)
{
    Caller caller(service.server->path());
    Kind kind{};
    std::vector<std::byte> answer;
    MUST(caller.say(bytes_of(make<Hello>(1)), caller.faults()) && caller.hear(&kind) && kind == Kind::welcome);
    MUST(caller.say(bytes_of(open_array()), -1) && caller.hear(&kind, &answer) && kind == Kind::opened);
    const auto opened = read_as<Opened>(answer);
    MUST(opened.bytes == 1 << 20 && opened.element_size == 1);
    Detach detach = make<Detach>(3);
    detach.region = opened.region;
    MUST(caller.say(bytes_of(detach), -1) && caller.hear(&kind) && kind == Kind::done);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static LiveService service;
    Input in(data, size);
    Caller caller(service.server->path());
    if (!in.one_in(8)) { // mostly it is let in
        MUST(caller.say(bytes_of(make<Hello>(1)), caller.faults()));
        MUST(caller.hear());
    }
    for (int messages = 0; !in.empty() && messages < 40; ++messages) {
        const std::vector<std::byte> message = request(in);
        if (message.empty()) // that would be the end
            continue;
        const bool carries = message.size() >= sizeof(Head) && (read_as<Head>(message).kind == Kind::open_file || read_as<Head>(message).kind == Kind::hello);
        const kernel::File descriptor = any_descriptor(in, carries ? caller.faults() : -1);
        if (!caller.say(message, descriptor ? descriptor.descriptor() : -1) || !caller.hear())
            break;
    }
    be_honest(service);
    const ServerFigures figures = service.server->figures();
    MUST(figures.used_bytes <= figures.budget_bytes);
    return 0;
}
