// SPDX-License-Identifier: MIT
// Who dies takes nobody with him: clients in the middle of anything, and the service with clients in it.
#include "raw_client.hpp"

using namespace ufomem;
using namespace ufomem::service;

namespace {

int read_array(const std::string &path)
{
    Result<std::shared_ptr<Client>> client = Client::connect(path, {});
    CHECK(client.ok());
    Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("array");
    CHECK(region.ok());
    CHECK(is_pattern((*region)->data(), 0, (*region)->bytes()));
    return 0;
}

void assert_serves(Service &service)
{
    Process reader([&] { return read_array(service.path()); });
    assert_int_equal(reader.wait(), 0);
    assert_true(eventually([&] { return service.notes().clients.load() == 0; }));
}

void client_killed_in_a_fault(void **)
{
    Service service;
    service.notes().stall.store(true);
    Process victim([&] { return read_array(service.path()); });
    assert_true(eventually([&] { return service.notes().stalled.load() == 1; }));
    victim.stop(SIGKILL);
    // It is noticed while its fault is still being answered.
    assert_true(eventually([&] { return service.notes().clients.load() == 0; }));
    service.notes().stall.store(false);
    assert_serves(service);
    assert_int_equal(service.end(), 0);
}

void client_killed_while_another_waits_for_the_same(void **)
{
    Service service;
    service.notes().stall.store(true);
    Process victim([&] { return read_array(service.path()); });
    assert_true(eventually([&] { return service.notes().stalled.load() == 1; }));
    Process other([&] { return read_array(service.path()); });
    assert_true(eventually([&] { return service.notes().clients.load() == 2; }));
    pause_ms(50);
    victim.stop(SIGKILL);
    assert_true(eventually([&] { return service.notes().clients.load() == 1; }));
    service.notes().stall.store(false);
    assert_int_equal(other.wait(), 0);
    assert_serves(service);
    assert_int_equal(service.notes().loaded_bytes.load(), 4 * MiB);
    assert_int_equal(service.end(), 0);
}

/// After each step of the conversation.
void client_killed_while_mapping(void **)
{
    Service service;
    for (int last = 0; last < 5; ++last) {
        Process victim([&] {
            RawClient raw;
            CHECK(raw.connect(service.path()));
            const auto stop_after = [&](int step) {
                if (step == last)
                    raise(SIGKILL);
            };
            stop_after(0);
            CHECK(raw.greet());
            stop_after(1);
            kernel::File memory;
            Result<Opened> opened = raw.open_array(memory);
            CHECK(opened.ok());
            stop_after(2);
            Result<kernel::Mapping> mapping = kernel::map_readable(memory.descriptor(), opened->bytes, kernel::Sharing::private_);
            CHECK(mapping.ok() && raw.faults.watch_absent(mapping->data(), mapping->size()).ok());
            Attach attach = make<Attach>(3);
            attach.region = opened->region;
            attach.address = reinterpret_cast<std::uint64_t>(mapping->data());
            if (last == 3) {
                CHECK(raw.socket.send(bytes_of(attach)).ok()); // and does not wait for the answer
                stop_after(3);
            }
            CHECK(raw.ask<Done>(attach).ok());
            stop_after(4);
            return 0;
        });
        assert_int_equal(victim.wait(), 128 + SIGKILL);
    }
    assert_true(eventually([&] { return service.notes().clients.load() == 0; }));
    assert_serves(service);
    assert_int_equal(service.end(), 0);
}

/// A child has inherited the socket, and everything else, and lives on.
void client_killed_that_has_a_child(void **)
{
    Service service;
    Common<std::atomic<pid_t>> heir;
    Process victim([&] {
        Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
        CHECK(client.ok());
        if (const pid_t child = fork(); child != 0)
            heir->store(child);
        pause_ms(60'000);
        return 0;
    });
    assert_true(eventually([&] { return heir->load() > 0 && service.notes().clients.load() == 1; }));
    victim.stop(SIGKILL);
    const bool noticed = eventually([&] { return service.notes().clients.load() == 0; }, 5000);
    kill(heir->load(), SIGKILL);
    assert_true(noticed);
    assert_serves(service);
    assert_int_equal(service.end(), 0);
}

/// The same of the service: its clients do not wait for its children.
void service_killed_that_has_a_child(void **)
{
    Folder folder;
    const std::string path = folder.file("socket");
    Common<Notes> notes;
    Common<std::atomic<pid_t>> heir;
    Process service([&] {
        std::thread([&] {
            while (notes->clients.load() == 0)
                pause_ms(1);
            const pid_t child = fork();
            if (child == 0) {
                pause_ms(60'000);
                _exit(0);
            }
            heir->store(child);
        }).detach();
        return run_service(path, *notes, {});
    });
    assert_true(eventually([&] { return notes->ready.load(); }));
    Common<std::atomic<int>> reading;
    Process client([&] {
        Result<std::shared_ptr<Client>> connected = Client::connect(path, {});
        CHECK(connected.ok());
        Result<std::unique_ptr<ClientRegion>> region = (*connected)->open_name("array");
        CHECK(region.ok());
        reading->store(1);
        std::uint8_t value = 0;
        CHECK(eventually([&] { return guarded_load((*region)->data(), value) == SIGBUS; }, 10'000));
        CHECK((*connected)->lost());
        return 0;
    });
    assert_true(eventually([&] { return reading->load() == 1 && heir->load() > 0; }));
    service.stop(SIGKILL);
    const int answer = client.wait();
    kill(heir->load(), SIGKILL);
    assert_int_equal(answer, 0);
}

/// What they had is given back: neither descriptors nor memory grow.
void clients_leave_nothing_behind(void **)
{
    Service service;
    const auto descriptors = [&] {
        std::size_t count = 0;
        const std::string folder = "/proc/" + std::to_string(service.process().id()) + "/fd/";
        for (int i = 0; i < 1000; ++i)
            count += access((folder + std::to_string(i)).c_str(), F_OK) == 0 || faccessat(AT_FDCWD, (folder + std::to_string(i)).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        return count;
    };
    assert_serves(service);
    const std::size_t before = descriptors();
    assert_true(before > 5);
    for (int i = 0; i < 20; ++i) {
        Process victim([&] {
            if (read_array(service.path()) != 0)
                return 1;
            RawClient raw;
            kernel::File memory;
            CHECK(raw.connect(service.path()) && raw.greet() && raw.open_array(memory).ok());
            raise(SIGKILL);
            return 0;
        });
        assert_int_equal(victim.wait(), 128 + SIGKILL);
    }
    assert_true(eventually([&] { return service.notes().clients.load() == 0; }));
    pause_ms(20);
    assert_int_equal(descriptors(), before);
    assert_int_equal(service.end(), 0);
}

struct Outcome {
    std::atomic<int> waiting{0};
    std::atomic<int> signal{0};
    std::atomic<std::uint64_t> ended_ms{0};
};

/// A thread that sleeps in a fault when the service dies gets an error within a second, and so does every later access.
void service_killed_with_clients_in_faults(void **)
{
    ServiceOptions options;
    Service service(options);
    constexpr std::size_t count = 4;
    Common<Outcome[count]> outcomes;
    std::vector<std::unique_ptr<Process>> clients;
    service.notes().stall.store(true);
    for (std::size_t i = 0; i < count; ++i)
        clients.push_back(std::make_unique<Process>([&, i] {
            Outcome &outcome = (*outcomes)[i];
            Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
            CHECK(client.ok());
            Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("array");
            CHECK(region.ok());
            const std::byte *const data = (*region)->data();
            std::uint8_t value = 0;
            CHECK(guarded_load(data + MiB, value) == 0 && value == pattern(MiB));
            outcome.waiting.store(1);
            outcome.signal.store(guarded_load(data + 5, value));
            outcome.ended_ms.store(now_ms());
            CHECK((*client)->lost());
            // What was there, and what was not.
            CHECK(guarded_load(data + MiB, value) == SIGBUS);
            CHECK(guarded_load(data + 3 * MiB, value) == SIGBUS);
            CHECK((*region)->touch({2 * MiB, 10}).code == Code::closed);
            std::byte out[10];
            CHECK((*region)->read({MiB, 10}, out).code == Code::closed);
            CHECK(!(*client)->open_name("array").ok());
            return 0;
        }));
    for (std::size_t i = 0; i < count; ++i)
        assert_true(eventually([&] { return (*outcomes)[i].waiting.load() == 1; }));
    assert_true(eventually([&] { return service.notes().stalled.load() == 1; }));
    pause_ms(50);
    const std::uint64_t killed = now_ms();
    service.process().stop(SIGKILL);
    for (std::size_t i = 0; i < count; ++i) {
        assert_int_equal(clients[i]->wait(), 0);
        assert_int_equal((*outcomes)[i].signal.load(), SIGBUS);
        // Clients are promised a second; some milliseconds are usual.  This is a limit against hanging, whatever else the machine does.
        assert_true((*outcomes)[i].ended_ms.load() - killed < 10'000);
    }
}

/// Whatever moment it dies in: a reader sees the data, or the signal, and never anything else.
void service_killed_under_readers(void **)
{
    for (unsigned round = 0; round < 8; ++round) {
        ServiceOptions options;
        options.array_bytes = 8 * MiB;
        options.budget = 2 * MiB;
        Service service(options);
        Common<std::atomic<int>> reading;
        std::vector<std::unique_ptr<Process>> clients;
        for (std::uint64_t i = 0; i < 2; ++i)
            clients.push_back(std::make_unique<Process>([&, i] {
                Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
                CHECK(client.ok());
                Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("array");
                CHECK(region.ok());
                reading->fetch_add(1);
                unit::Random random(i);
                for (;;) {
                    const std::size_t offset = random.below((*region)->bytes());
                    std::uint8_t value = 0;
                    if (const int signal = guarded_load((*region)->data() + offset, value); signal != 0) {
                        CHECK(signal == SIGBUS);
                        break;
                    }
                    CHECK(value == pattern(offset));
                }
                CHECK((*client)->lost());
                return 0;
            }));
        assert_true(eventually([&] { return reading->load() == 2; }));
        pause_ms(5 + 7 * round);
        service.process().stop(SIGKILL);
        for (const auto &client : clients)
            assert_int_equal(client->wait(), 0);
    }
}

void service_ends_in_order(void **)
{
    Service service;
    Common<std::atomic<int>> reading;
    Process client([&] {
        Result<std::shared_ptr<Client>> connected = Client::connect(service.path(), {});
        CHECK(connected.ok());
        Result<std::unique_ptr<ClientRegion>> region = (*connected)->open_name("array");
        CHECK(region.ok());
        std::uint8_t value = 0;
        CHECK(guarded_load((*region)->data() + 5, value) == 0 && value == pattern(5));
        reading->store(1);
        CHECK(eventually([&] { return (*connected)->lost(); }));
        CHECK(eventually([&] { return guarded_load((*region)->data() + 5, value) == SIGBUS; }));
        return 0;
    });
    assert_true(eventually([&] { return reading->load() == 1; }));
    assert_int_equal(service.end(), 0);
    assert_int_equal(client.wait(), 0);
    assert_int_not_equal(access(service.path().c_str(), F_OK), 0); // the socket is gone
}

} // namespace

int main()
{
    if (!can_serve())
        return 77;
    const CMUnitTest tests[] = {
        cmocka_unit_test(client_killed_in_a_fault),     cmocka_unit_test(client_killed_while_another_waits_for_the_same),
        cmocka_unit_test(client_killed_while_mapping),  cmocka_unit_test(clients_leave_nothing_behind),
        cmocka_unit_test(client_killed_that_has_a_child), cmocka_unit_test(service_killed_that_has_a_child),
        cmocka_unit_test(service_killed_with_clients_in_faults), cmocka_unit_test(service_killed_under_readers),
        cmocka_unit_test(service_ends_in_order),
    };
    return RUN(tests);
}
