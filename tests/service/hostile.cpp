// SPDX-License-Identifier: MIT
// Clients that do not keep to the rules lose the conversation, and nobody else notices.
#include "raw_client.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

using namespace ufomem;
using namespace ufomem::service;

namespace {

int reads_array(const std::string &path)
{
    return with_array(path, [](ClientRegion &region) { return is_pattern(region.data(), 0, region.bytes()) ? 0 : 1; });
}

/// Runs the attack while an honest client is there, which reads before and after it.
void attack(Service &service, const std::function<int(RawClient &)> &body)
{
    Process attacker([&] {
        RawClient raw;
        CHECK(raw.connect(service.path()));
        return body(raw);
    });
    assert_int_equal(attacker.wait(), 0);
    Process honest([&] { return reads_array(service.path()); });
    assert_int_equal(honest.wait(), 0);
    assert_true(eventually([&] { return service.notes().clients.load() == 0; }));
}

void garbage(void **)
{
    Service service;
    for (std::uint64_t stream = 0; stream < 20; ++stream)
        attack(service, [stream](RawClient &raw) {
            if (stream % 2 != 0)
                CHECK(raw.greet());
            unit::Random random(stream);
            std::byte message[2 * most_message_bytes];
            for (std::byte &byte : message)
                byte = static_cast<std::byte>(random.next());
            CHECK(raw.socket.send(std::span(message).first(random.between(1, sizeof message))).ok());
            CHECK(raw.is_dismissed());
            return 0;
        });
    assert_int_equal(service.end(), 0);
}

void half_messages(void **)
{
    Service service;
    for (const std::size_t size : {std::size_t{1}, sizeof(Head) - 1, sizeof(Head), sizeof(OpenName) - 1})
        attack(service, [size](RawClient &raw) {
            CHECK(raw.greet());
            const OpenName request = make<OpenName>(1);
            CHECK(raw.socket.send(bytes_of(request).first(size)).ok());
            CHECK(raw.is_dismissed());
            return 0;
        });
    assert_int_equal(service.end(), 0);
}

template <class Answer> void says_what_services_say(Service &service)
{
    attack(service, [](RawClient &raw) {
        CHECK(raw.greet());
        CHECK(raw.ask<Done>(make<Answer>(1), Answer::carries ? raw.socket.descriptor() : -1).status().code == Code::invalid);
        CHECK(raw.is_dismissed());
        return 0;
    });
}

void wrong_order(void **)
{
    Service service;
    attack(service, [](RawClient &raw) { // nobody has been greeted
        kernel::File memory;
        CHECK(!raw.open_array(memory).ok());
        CHECK(raw.is_dismissed());
        return 0;
    });
    attack(service, [](RawClient &raw) { // twice
        CHECK(raw.greet() && !raw.greet());
        CHECK(raw.is_dismissed());
        return 0;
    });
    says_what_services_say<Welcome>(service);
    says_what_services_say<Opened>(service);
    says_what_services_say<Done>(service);
    says_what_services_say<Failed>(service);
    says_what_services_say<Pinned>(service);
    says_what_services_say<RegionFiguresAnswer>(service);
    says_what_services_say<ServerFiguresAnswer>(service);
    assert_int_equal(service.end(), 0);
}

void other_version(void **)
{
    Service service;
    attack(service, [](RawClient &raw) {
        Hello hello = make<Hello>(1);
        hello.head.version = protocol_version + 1;
        CHECK(raw.ask<Done>(hello, raw.faults.descriptor()).status().code == Code::unsupported);
        CHECK(std::strstr(last_error(), "version"));
        CHECK(raw.is_dismissed());
        return 0;
    });
    assert_int_equal(service.end(), 0);
}

void wrong_descriptors_for_faults(void **)
{
    Service service;
    for (int kind = 0; kind < 4; ++kind)
        attack(service, [kind](RawClient &raw) {
            int pipe[2];
            CHECK(::pipe(pipe) == 0);
            const int wrong[] = {pipe[0], epoll_create1(0), eventfd(0, 0), raw.socket.descriptor()};
            CHECK(raw.ask<Welcome>(make<Hello>(1), wrong[kind]).status().code == Code::invalid);
            CHECK(raw.is_dismissed());
            return 0;
        });
    assert_int_equal(service.end(), 0);
}

/// A descriptor that does not let its owner read the file does not let him read it through the cache, where it may well be.
void descriptors_without_the_right_to_read(void **)
{
    Service service;
    const std::string path = service.folder().pattern_file("data", MiB);
    attack(service, [&](RawClient &raw) {
        CHECK(raw.greet());
        OpenFile request = make<OpenFile>(1);
        kernel::File memory;
        const kernel::File readable(open(path.c_str(), O_RDONLY));
        CHECK(raw.ask<Opened>(request, readable.descriptor(), &memory).ok());
        const kernel::File only_path(open(path.c_str(), O_PATH));
        CHECK(raw.ask<Opened>(request, only_path.descriptor()).status().code == Code::permission);
        const kernel::File only_writable(open(path.c_str(), O_WRONLY));
        CHECK(raw.ask<Opened>(request, only_writable.descriptor()).status().code == Code::permission);
        const kernel::File folder(open("/tmp", O_RDONLY | O_DIRECTORY));
        CHECK(raw.ask<Opened>(request, folder.descriptor()).status().code == Code::file);
        int pipe[2];
        CHECK(::pipe(pipe) == 0);
        CHECK(raw.ask<Opened>(request, pipe[0]).status().code == Code::file);
        const kernel::File null(open("/dev/zero", O_RDONLY));
        CHECK(raw.ask<Opened>(request, null.descriptor()).status().code == Code::file);
        // The conversation has gone on all the time.
        CHECK(raw.open_array(memory).ok());
        return 0;
    });
    assert_int_equal(service.end(), 0);
}

void wrong_numbers(void **)
{
    Service service;
    attack(service, [](RawClient &raw) {
        CHECK(raw.greet());
        kernel::File memory;
        Result<Opened> opened = raw.open_array(memory);
        CHECK(opened.ok());
        Attach attach = make<Attach>(1);
        attach.region = opened->region + 1;
        CHECK(!raw.ask<Done>(attach).ok());
        attach.region = opened->region;
        for (const std::uint64_t address : {std::uint64_t{1}, UINT64_MAX, UINT64_MAX - 4095, std::uint64_t{1} << 56}) {
            attach.address = address;
            CHECK(!raw.ask<Done>(attach).ok());
        }
        Retry retry = make<Retry>(1);
        retry.region = opened->region;
        retry.offset = UINT64_MAX;
        retry.bytes = 2;
        CHECK(raw.ask<Done>(retry).status().code == Code::range);
        Detach detach = make<Detach>(1);
        detach.region = opened->region + 1;
        CHECK(!raw.ask<Done>(detach).ok());
        OpenFile file = make<OpenFile>(1);
        file.chunk_bytes = UINT64_MAX;
        const kernel::File readable(open("/proc/self/exe", O_RDONLY));
        CHECK(!raw.ask<Opened>(file, readable.descriptor()).ok());
        CHECK(raw.open_array(memory).ok());
        return 0;
    });
    assert_int_equal(service.end(), 0);
}

void names_that_nothing_has(void **)
{
    Service service;
    attack(service, [](RawClient &raw) {
        CHECK(raw.greet());
        OpenName request = make<OpenName>(1); // empty
        CHECK(raw.ask<Opened>(request).status().code == Code::invalid);
        std::memset(request.name, 'a', sizeof request.name); // without an end
        CHECK(raw.ask<Opened>(request).status().code == Code::invalid);
        std::strcpy(request.name, "ar\nray");
        CHECK(raw.ask<Opened>(request).status().code == Code::invalid);
        kernel::File memory;
        CHECK(raw.open_array(memory).ok());
        return 0;
    });
    assert_int_equal(service.end(), 0);
}

template <class Request> bool is_refused(RawClient &raw, std::uint64_t region, Code code)
{
    Request request = make<Request>(1);
    request.region = region;
    request.bytes = 4096;
    return raw.ask<Done>(request).status().code == code;
}

/// Regions that are not open, and pins that are not there.
void what_is_not_there(void **)
{
    Service service;
    attack(service, [](RawClient &raw) {
        CHECK(raw.greet());
        kernel::File memory;
        Result<Opened> opened = raw.open_array(memory);
        CHECK(opened.ok());
        for (const std::uint64_t other : {std::uint64_t{0}, opened->region + 1, UINT64_MAX}) {
            CHECK(is_refused<Retry>(raw, other, Code::closed));
            CHECK(is_refused<Pin>(raw, other, Code::closed));
            CHECK(is_refused<Unpin>(raw, other, Code::closed));
            CHECK(is_refused<WillNeed>(raw, other, Code::closed));
            RegionStats stats = make<RegionStats>(1);
            stats.region = other;
            CHECK(raw.ask<RegionFiguresAnswer>(stats).status().code == Code::closed);
        }
        CHECK(is_refused<Unpin>(raw, opened->region, Code::not_pinned));
        return 0;
    });
    assert_int_equal(service.end(), 0);
}

/// Faults where no region is get an error, and the service is not kept busy by them.
void faults_elsewhere(void **)
{
    Service service;
    attack(service, [](RawClient &raw) {
        CHECK(raw.greet());
        Result<kernel::Mapping> own = kernel::map_private(MiB, kernel::Protection::read_write);
        CHECK(own.ok() && raw.faults.watch_absent(own->data(), own->size()).ok());
        std::uint8_t value = 0;
        CHECK(guarded_load(own->data() + 5000, value) == SIGBUS);
        return 0;
    });
    assert_int_equal(service.end(), 0);
}

/// The descriptor stays in the client's hands: it reads messages itself, and has the service's reads wait.
void faults_descriptor_is_tampered_with(void **)
{
    Service service;
    attack(service, [](RawClient &raw) {
        CHECK(raw.greet());
        Result<kernel::Mapping> own = kernel::map_private(MiB, kernel::Protection::read_write);
        CHECK(own.ok() && raw.faults.watch_absent(own->data(), own->size()).ok());
        std::thread([&] {
            for (;;)
                for (std::size_t at = 0; at < own->size(); at += 4096) {
                    std::uint8_t value = 0;
                    (void)guarded_load(own->data() + at, value);
                    (void)kernel::drop(own->data() + at, 4096);
                }
        }).detach();
        const std::uint64_t end = now_ms() + 200;
        for (std::size_t i = 0; now_ms() < end; ++i) {
            if (i % 4 == 0)
                CHECK(fcntl(raw.faults.descriptor(), F_SETFL, 0) == 0);
            CHECK(fcntl(raw.faults.descriptor(), F_SETFL, O_NONBLOCK) == 0);
            kernel::FaultMessage message;
            for (const kernel::FaultMessage &stolen : raw.faults.read({&message, 1}))
                raw.faults.wake(stolen.address, 4096); // and the fault comes again
        }
        _exit(0); // perhaps with a thread in a fault: the service may have had enough
        return 0;
    });
    assert_int_equal(service.end(), 0);
}

/// A descriptor that poll() cannot watch any more would keep a thread of the service busy for nothing.
void faults_descriptor_that_waits(void **)
{
    Service service;
    attack(service, [&](RawClient &raw) {
        CHECK(raw.greet());
        CHECK(fcntl(raw.faults.descriptor(), F_SETFL, 0) == 0);
        Result<kernel::Mapping> own = kernel::map_private(MiB, kernel::Protection::read_write);
        CHECK(own.ok() && raw.faults.watch_absent(own->data(), own->size()).ok());
        std::thread([&] {
            std::uint8_t value = 0;
            (void)guarded_load(own->data(), value); // it may still be answered
        }).detach();
        CHECK(raw.is_dismissed());
        _exit(0); // with a thread in a fault
        return 0;
    });
    assert_int_equal(service.end(), 0);
}

void flood_without_listening(void **)
{
    Service service;
    attack(service, [](RawClient &raw) {
        CHECK(raw.greet());
        CHECK(raw.socket.limit_waiting(std::chrono::milliseconds(2000)).ok());
        Detach request = make<Detach>(1);
        request.region = 77;
        for (int i = 0; i < 100'000; ++i)
            if (!raw.socket.send(bytes_of(request)).ok())
                return 0; // dismissed
        std::fprintf(stderr, "the service listened to everything\n");
        return 1;
    });
    assert_int_equal(service.end(), 0);
}

/// Who has opened a file first shares the open file with the service, and sets O_DIRECT, with which reads of single chunks would fail for everybody.
void file_is_set_to_direct(void **)
{
    Service service;
    constexpr std::size_t size = MiB + 1000; // the end is never aligned
    const std::string path = service.folder().pattern_file("data", size);
    Process attacker([&] {
        RawClient raw;
        CHECK(raw.connect(service.path()) && raw.greet());
        const kernel::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        OpenFile request = make<OpenFile>(1);
        request.chunk_bytes = 4096;
        kernel::File memory;
        CHECK(raw.ask<Opened>(request, file.descriptor(), &memory).ok());
        CHECK(fcntl(file.descriptor(), F_SETFL, O_DIRECT) == 0);
        Process honest([&] {
            Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
            CHECK(client.ok());
            const kernel::File own(open(path.c_str(), O_RDONLY | O_CLOEXEC));
            Result<std::unique_ptr<ClientRegion>> region = (*client)->open_file(own.descriptor());
            CHECK(region.ok());
            CHECK(is_pattern((*region)->data(), 0, size));
            return 0;
        });
        return honest.wait();
    });
    assert_int_equal(attacker.wait(), 0);
    assert_int_equal(service.end(), 0);
}

/// The same where the service may not open the file itself.
void direct_file_that_cannot_be_reopened(void **)
{
    Folder folder;
    const std::string path = folder.pattern_file("data", 100'000);
    const int shared = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const kernel::File theirs(dup(shared));
    Result<FileVersion> version = FileVersion::of(theirs);
    Result<Geometry> geometry = Geometry::make({.count = 100'000, .element_size = 1, .page_size = 4096});
    assert_true(version.ok() && geometry.ok());
    ClientFile source(kernel::File(shared), *version);
    std::vector<std::byte> room(2000);
    for (int round = 0; round < 2; ++round) {
        assert_int_equal(fcntl(theirs.descriptor(), F_SETFL, O_DIRECT), 0);
        assert_true(source.load(*geometry, {4097, 1000}, room.data() + 1).ok());
        assert_true(is_pattern(room.data() + 1, 4097, 1000));
    }
}

/// A descriptor that does not read is no harm as long as somebody else's does.
void other_openers_descriptors(void **)
{
    Folder folder;
    const std::string path = folder.pattern_file("data", 100'000);
    const kernel::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    Result<FileVersion> version = FileVersion::of(file);
    Result<Geometry> geometry = Geometry::make({.count = 100'000, .element_size = 1, .page_size = 4096});
    assert_true(version.ok() && geometry.ok());
    ClientFile source(kernel::File(open(path.c_str(), O_PATH | O_CLOEXEC)), *version);
    std::byte room[1000];
    assert_false(source.load(*geometry, {0, sizeof room}, room).ok());
    source.add(kernel::File(open(path.c_str(), O_RDONLY | O_CLOEXEC)));
    assert_true(source.load(*geometry, {0, sizeof room}, room).ok());
    assert_true(is_pattern(room, 0, sizeof room));
}

void many_regions(void **)
{
    ServiceOptions options;
    options.limits.regions = 10;
    Service service(options);
    attack(service, [](RawClient &raw) {
        CHECK(raw.greet());
        for (int i = 0; i < 10; ++i) {
            kernel::File memory;
            CHECK(raw.open_array(memory).ok());
        }
        kernel::File memory;
        CHECK(raw.open_array(memory).status().code == Code::limit);
        Detach detach = make<Detach>(1);
        detach.region = 3;
        CHECK(raw.ask<Done>(detach).ok());
        CHECK(raw.open_array(memory).ok());
        return 0;
    });
    assert_int_equal(service.end(), 0);
}

void many_connections(void **)
{
    Service service;
    Process attacker([&] {
        std::vector<RawClient> silent(100);
        for (RawClient &raw : silent)
            CHECK(raw.connect(service.path()));
        Process honest([&] { return reads_array(service.path()); });
        return honest.wait();
    });
    assert_int_equal(attacker.wait(), 0);
    assert_int_equal(service.end(), 0);
}

/// Zeros for everybody, by reading what is absent through a mapping that the service knows nothing of.  It takes in nobody but clients of the same user.
void absent_bytes_read_behind_the_services_back(void **)
{
    if (geteuid() != 0)
        return (void)std::fprintf(stderr, "two users are needed: only root can be both\n");
    ServiceOptions options;
    options.mode = 0666;
    Service service(options);
    const std::string path = service.folder().pattern_file("shared", MiB);
    assert_int_equal(chmod(service.folder().path().c_str(), 0755), 0);
    Common<std::atomic<int>> turn;
    Process vandal([&] {
        const kernel::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        constexpr uid_t nobody = 65534;
        CHECK(file && setresuid(nobody, nobody, nobody) == 0);
        RawClient raw;
        CHECK(raw.connect(service.path()) && raw.greet());
        kernel::File memory;
        CHECK(raw.ask<Opened>(make<OpenFile>(2), file.descriptor(), &memory).ok());
        const auto *bytes = static_cast<const std::byte *>(mmap(nullptr, MiB, PROT_READ, MAP_SHARED, memory.descriptor(), 0));
        CHECK(bytes != MAP_FAILED);
        for (std::size_t at = 0; at < MiB; at += 4096)
            CHECK(load(bytes + at) == 0);
        turn->store(1);
        return eventually([&] { return turn->load() == 2; }) ? 0 : 1;
    });
    assert_true(eventually([&] { return turn->load() == 1; }));
    Process reader([&] {
        Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
        CHECK(client.ok());
        const kernel::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
        Result<std::unique_ptr<ClientRegion>> region = (*client)->open_file(file.descriptor());
        CHECK(region.ok());
        CHECK(is_pattern((*region)->data(), 0, MiB));
        return 0;
    });
    assert_int_equal(reader.wait(), 0);
    turn->store(2);
    assert_int_equal(vandal.wait(), 0);
    assert_int_equal(service.end(), 0);
}

} // namespace

int main()
{
    if (!can_serve())
        return 77;
    const CMUnitTest tests[] = {
        cmocka_unit_test(garbage),
        cmocka_unit_test(half_messages),
        cmocka_unit_test(wrong_order),
        cmocka_unit_test(other_version),
        cmocka_unit_test(wrong_descriptors_for_faults),
        cmocka_unit_test(descriptors_without_the_right_to_read),
        cmocka_unit_test(wrong_numbers),
        cmocka_unit_test(names_that_nothing_has),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(faults_elsewhere),
        cmocka_unit_test(faults_descriptor_is_tampered_with),
        cmocka_unit_test(faults_descriptor_that_waits),
        cmocka_unit_test(flood_without_listening),
        cmocka_unit_test(file_is_set_to_direct),
        cmocka_unit_test(direct_file_that_cannot_be_reopened),
        cmocka_unit_test(other_openers_descriptors),
        cmocka_unit_test(many_regions),
        cmocka_unit_test(many_connections),
        cmocka_unit_test(absent_bytes_read_behind_the_services_back),
    };
    return RUN(tests);
}
