// SPDX-License-Identifier: MIT
// Where a service listens: at a path, at a socket that it was given, and one after the other at the same.
#include "raw_client.hpp"

#include <sys/socket.h>

using namespace ufomem;
using namespace ufomem::service;

namespace {

bool exists(const std::string &path)
{
    struct stat info {};
    return lstat(path.c_str(), &info) == 0;
}

int reads_array(const std::string &path)
{
    return with_array(path, [](ClientRegion &region) { return is_pattern(region.data(), 0, region.bytes()) ? 0 : 1; });
}

/// Whether the service has published something or not.
int reads_file(const std::string &service, const std::string &path)
{
    Result<std::shared_ptr<Client>> client = Client::connect(service, {});
    CHECK(client.ok());
    const kernel::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    Result<std::unique_ptr<ClientRegion>> region = (*client)->open_file(file.descriptor());
    CHECK(region.ok());
    CHECK(is_pattern((*region)->data(), 0, (*region)->bytes()));
    return 0;
}

void given_socket(void **)
{
    Folder folder;
    const std::string data = folder.pattern_file("data", MiB);
    const std::string path = folder.file("given");
    Common<Notes> notes;
    Result<kernel::UnixSocket> listening = kernel::UnixSocket::listen_at(path.c_str(), 0600);
    assert_true(listening.ok());
    Process client([&] { return reads_file(path, data); }); // waits until somebody listens
    {
        ServiceOptions options;
        options.socket = listening->descriptor();
        Process service([&] { return run_service("", *notes, options); });
        assert_int_equal(client.wait(), 0);
        notes->end.store(true);
        assert_int_equal(service.wait(), 0);
    }
    assert_true(exists(path));
    notes->end.store(false);
    Process next([&] { return reads_file(path, data); });
    ServiceOptions options;
    options.socket = listening->descriptor();
    Process service([&] { return run_service("", *notes, options); });
    assert_int_equal(next.wait(), 0);
    notes->end.store(true);
    assert_int_equal(service.wait(), 0);
}

void descriptors_that_do_not_listen(void **)
{
    Folder folder;
    Process process([&] {
        Core::Options of_core;
        of_core.budget = 4 * MiB;
        Result<std::shared_ptr<Core>> core = Core::make(of_core);
        CHECK(core.ok());
        int pair[2];
        CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
        const int stream = socket(AF_UNIX, SOCK_STREAM, 0);
        const int packets = socket(AF_UNIX, SOCK_SEQPACKET, 0);
        const int file = open("/proc/self/exe", O_RDONLY);
        for (const int wrong : {pair[0], stream, packets, file, 12345}) {
            Server::Options options;
            options.core = *core;
            options.socket = wrong;
            CHECK(Server::start(options).status().code == Code::invalid);
        }
        CHECK(Server::start({}).status().code == Code::invalid); // without a core
        return 0;
    });
    assert_int_equal(process.wait(), 0);
}

/// Who has put another socket at the path finds it there afterwards.
void others_socket_stays(void **)
{
    Service service;
    assert_int_equal(unlink(service.path().c_str()), 0);
    Result<kernel::UnixSocket> other = kernel::UnixSocket::listen_at(service.path().c_str(), 0600);
    assert_true(other.ok());
    assert_int_equal(service.end(), 0);
    assert_true(exists(service.path()));
}

void own_socket_goes(void **)
{
    Service service;
    assert_true(exists(service.path()));
    assert_int_equal(service.end(), 0);
    assert_false(exists(service.path()));
}

void default_path(void **)
{
    Folder folder;
    Process process([&] {
        unsetenv("UFOMEM_SERVICE");
        setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
        const std::string path = folder.path() + "/ufomem/service";
        CHECK(default_socket_path() == path);
        Core::Options of_core;
        of_core.budget = 4 * MiB;
        Result<std::shared_ptr<Core>> core = Core::make(of_core);
        CHECK(core.ok());
        {
            Server::Options options;
            options.core = *core;
            Result<std::unique_ptr<Server>> server = Server::start(options);
            CHECK(server.ok());
            CHECK((*server)->path() == path);
            struct stat info {};
            CHECK(lstat(path.c_str(), &info) == 0 && (info.st_mode & 07777) == 0600);
            CHECK(Client::connect(path, {}).ok());
        }
        CHECK(!exists(path));
        CHECK(rmdir((folder.path() + "/ufomem").c_str()) == 0);
        setenv("XDG_RUNTIME_DIR", (folder.path() + "/missing").c_str(), 1);
        Server::Options options;
        options.core = *core;
        CHECK(Server::start(options).status().code == Code::file);
        setenv("UFOMEM_SERVICE", (folder.path() + "/of-its-own").c_str(), 1);
        CHECK(default_socket_path() == folder.path() + "/of-its-own");
        return 0;
    });
    assert_int_equal(process.wait(), 0);
}

/// The old service goes on for those whom it has; the new one, in another process, gets everybody else.  The socket is there all the time.
void upgrade_in_place(void **)
{
    Folder folder;
    const std::string path = folder.file("socket");
    Common<Notes> old_notes;
    Common<Notes> new_notes;
    Common<std::atomic<int>> stage;
    int channel[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel), 0);
    Process old_service([&] {
        Core::Options of_core;
        of_core.budget = 16 * MiB;
        Result<std::shared_ptr<Core>> core = Core::make(of_core);
        CHECK(core.ok());
        Server::Options options;
        options.core = *core;
        options.path = path;
        Result<std::unique_ptr<Server>> server = Server::start(options);
        CHECK(server.ok());
        Core::RegionRequest request;
        request.geometry.count = 4 * MiB;
        request.geometry.element_size = 1;
        request.options.source = std::make_shared<PatternSource>(*old_notes);
        CHECK((*server)->catalogue().publish("array", std::move(request)).ok());
        stage->store(1);
        CHECK(eventually([&] { return stage->load() == 2; })); // somebody is connected
        Result<kernel::File> listening = (*server)->hand_over();
        CHECK(listening.ok());
        const kernel::UnixSocket to{kernel::File(channel[0])};
        CHECK(to.send(std::as_bytes(std::span("take it")), listening->descriptor()).ok());
        CHECK(eventually([&] { return (*server)->figures().clients == 0; }));
        CHECK((*server)->figures().clients_ever == 1);
        return 0;
    });
    Process early([&] {
        CHECK(eventually([&] { return stage->load() == 1; }));
        Result<std::shared_ptr<Client>> client = Client::connect(path, {});
        CHECK(client.ok());
        Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("array");
        CHECK(region.ok());
        CHECK(is_pattern((*region)->data(), 0, 100));
        stage->store(2);
        CHECK(eventually([&] { return stage->load() == 3; })); // others are with the successor
        CHECK(is_pattern((*region)->data(), 0, (*region)->bytes()));
        CHECK(!(*client)->lost());
        return 0;
    });
    Process new_service([&] {
        const kernel::UnixSocket from{kernel::File(channel[1])};
        std::byte room[16];
        Result<kernel::UnixSocket::Received> received = from.receive(room);
        CHECK(received.ok() && received->descriptor);
        ServiceOptions options;
        options.socket = received->descriptor.descriptor();
        return run_service("", *new_notes, options);
    });
    assert_true(eventually([&] { return new_notes->ready.load(); }));
    for (int i = 0; i < 3; ++i) {
        Process late([&] { return reads_array(path); });
        assert_int_equal(late.wait(), 0);
    }
    assert_true(new_notes->loads.load() != 0);
    stage->store(3);
    assert_int_equal(early.wait(), 0);
    assert_int_equal(old_service.wait(), 0);
    assert_true(exists(path));
    Process late([&] { return reads_array(path); });
    assert_int_equal(late.wait(), 0);
    new_notes->end.store(true);
    assert_int_equal(new_service.wait(), 0);
    assert_true(exists(path));
    close(channel[0]);
    close(channel[1]);
}

} // namespace

int main()
{
    if (!can_serve())
        return 77;
    const CMUnitTest tests[] = {
        cmocka_unit_test(given_socket),        cmocka_unit_test(descriptors_that_do_not_listen),
        cmocka_unit_test(others_socket_stays), cmocka_unit_test(own_socket_goes),
        cmocka_unit_test(default_path),        cmocka_unit_test(upgrade_in_place),
    };
    return RUN(tests);
}
