// SPDX-License-Identifier: MIT
// The client's end of the protocol: a service that answers what bytes tell it, and hangs up when nobody asks.
#include "served.hpp"

#include "client.hpp"

#include "kernel/process.hpp"
#include "kernel/unix_socket.hpp"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

#include <poll.h>

using namespace fuzz;
using namespace ufomem;
using namespace ufomem::service;

namespace {

/// The first client of each input hears lies; whoever comes later is turned away without a word.
class Liar {
  public:
    Liar()
    {
        char name[] = "/tmp/ufomem-fuzz-XXXXXX";
        folder_ = mkdtemp(name);
        path_ = folder_ + "/socket";
        Result<kernel::UnixSocket> listening = kernel::UnixSocket::listen_at(path_.c_str(), 0600);
        MUST(listening.ok(), "%s", last_error());
        listening_ = std::move(*listening);
        Result<kernel::File> self = kernel::descriptor_of_this_process();
        MUST(self.ok());
        self_ = std::move(*self);
        thread_ = std::thread([this] { run(); });
    }
    ~Liar()
    {
        over_ = true;
        thread_.join();
        unlink(path_.c_str());
        rmdir(folder_.c_str());
    }
    const std::string &path() const { return path_; }
    void tell(Input lies)
    {
        const std::lock_guard lock(mutex_);
        lies_ = lies;
    }

  private:
    void run()
    {
        while (!over_) {
            pollfd knocking{listening_.descriptor(), POLLIN, 0};
            if (poll(&knocking, 1, 50) != 1)
                continue;
            kernel::UnixSocket client = listening_.accept();
            if (client.descriptor() < 0)
                continue;
            Input lies(nullptr, 0);
            {
                const std::lock_guard lock(mutex_);
                std::swap(lies, lies_);
            }
            if (!lies.empty())
                talk(client, lies);
        }
    }
    void talk(const kernel::UnixSocket &client, Input &in)
    {
        for (int answers = 0; answers < 60; ++answers) {
            pollfd asked{client.descriptor(), POLLIN, 0};
            if (poll(&asked, 1, 20) != 1)
                return;
            alignas(Head) std::byte room[most_message_bytes];
            Result<kernel::UnixSocket::Received> received = client.receive(room);
            if (!received.ok() || received->size == 0)
                return;
            const Head head = read_as<Head>(std::span(room));
            const std::vector<std::byte> message = answer(head, in);
            if (message.empty())
                return;
            const bool carries = head.kind == Kind::hello || head.kind == Kind::open_name || head.kind == Kind::open_file;
            const kernel::File descriptor = carries && !in.one_in(8) ? usual(head.kind, in) : any_descriptor(in);
            if (!client.send(message, descriptor ? descriptor.descriptor() : -1).ok())
                return;
        }
    }
    kernel::File usual(Kind asked, Input &in)
    {
        if (asked == Kind::hello)
            return kernel::File(fcntl(self_.descriptor(), F_DUPFD_CLOEXEC, 0));
        kernel::File memory(memfd_create("fuzz", MFD_CLOEXEC));
        const std::size_t size = in.one_in(4) ? in.up_to(400'000) : 1 << 20;
        MUST(ftruncate(memory.descriptor(), static_cast<off_t>(size)) == 0);
        if (in.one_in(2)) // some of it is there
            MUST(posix_fallocate(memory.descriptor(), 0, static_cast<off_t>(size / 2 + 1)) == 0);
        return memory;
    }
    static std::vector<std::byte> answer(const Head &head, Input &in)
    {
        if (in.one_in(12))
            return mere_bytes(in);
        switch (in.one_in(12) ? static_cast<Kind>(in.byte()) : head.kind) {
        case Kind::hello:
            return altered(make<Welcome>(head.number), in);
        case Kind::open_file:
        case Kind::open_name: {
            Opened opened = make<Opened>(head.number);
            opened.region = 1;
            opened.bytes = 1 << 20;
            opened.element_size = 1;
            opened.chunk_bytes = 65536;
            return altered(opened, in);
        }
        case Kind::pin:
            return altered(make<Pinned>(head.number), in);
        case Kind::region_stats:
            return altered(make<RegionFiguresAnswer>(head.number), in);
        case Kind::server_stats:
            return altered(make<ServerFiguresAnswer>(head.number), in);
        case Kind::failed: {
            Failed failed = make<Failed>(head.number);
            failed.code = in.number<std::int32_t>();
            std::memset(failed.text, in.byte(), sizeof failed.text); // maybe without an end
            return altered(failed, in);
        }
        default:
            return altered(make<Done>(head.number), in);
        }
    }

    std::string folder_;
    std::string path_;
    kernel::UnixSocket listening_;
    kernel::File self_;
    std::atomic<bool> over_{false};
    std::mutex mutex_;
    Input lies_{nullptr, 0}; // guarded by mutex_
    std::thread thread_;
};

void use(ClientRegion &region, Input &in)
{
    std::vector<std::byte> out(70'000);
    for (int calls = 0; !in.empty() && calls < 12; ++calls) {
        const std::size_t offset = std::min(in.one_in(4) ? in.number<std::uint32_t>() : in.up_to(200'000), region.bytes() - 1);
        const ByteRange range{offset, std::min(in.up_to(out.size()), region.bytes() - offset)};
        switch (in.up_to(7)) {
        case 0:
            (void)region.touch(range);
            break;
        case 1:
            (void)region.read(range, out.data());
            break;
        case 2:
            (void)region.pin(range);
            break;
        case 3:
            (void)region.unpin(range);
            break;
        case 4:
            (void)region.forget_failures(range);
            break;
        case 5:
            (void)region.unmap(range);
            break;
        case 6:
            region.will_need(range);
            break;
        default:
            (void)region.figures();
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static Liar liar;
    liar.tell(Input(data + size / 3, size - size / 3));
    Input in(data, size / 3);
    Result<std::shared_ptr<Client>> client = Client::connect(liar.path(), {});
    if (!client.ok())
        return 0;
    kernel::File file(memfd_create("fuzz", MFD_CLOEXEC));
    MUST(ftruncate(file.descriptor(), 1 << 20) == 0);
    for (int regions = 0; regions < 2; ++regions) {
        Result<std::unique_ptr<ClientRegion>> region = in.one_in(2) ? (*client)->open_file(file.descriptor()) : (*client)->open_name("array");
        if (region.ok())
            use(**region, in);
        if (in.empty())
            break;
    }
    return 0;
}
