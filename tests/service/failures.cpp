// SPDX-License-Identifier: MIT
// Data that cannot be had is an error to whoever asks for it: never zeros, never what the file held at another time.
#include "processes.hpp"

using namespace ufomem;
using namespace ufomem::service;

namespace {

int with_file(const std::string &service, const std::string &path, const std::function<int(Client &, ClientRegion &)> &body)
{
    Result<std::shared_ptr<Client>> client = Client::connect(service, {});
    CHECK(client.ok());
    const kernel::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    CHECK(file);
    Result<std::unique_ptr<ClientRegion>> region = (*client)->open_file(file.descriptor(), 64 * KiB);
    CHECK(region.ok());
    return body(**client, **region);
}

void source_fails(void **)
{
    Service service;
    service.notes().failing.store(true);
    Process client([&] {
        return with_array(service.path(), [](ClientRegion &region) {
            std::uint8_t value = 0;
            CHECK(guarded_load(region.data() + 5, value) == SIGBUS);
            CHECK(guarded_load(region.data() + 5000, value) == SIGBUS);
            CHECK(region.touch({5, 1}).code == Code::populate);
            std::byte out[10];
            CHECK(region.read({60'000, 10}, out).code == Code::populate);
            CHECK(is_pattern(region.data() + 64 * KiB, 64 * KiB, region.bytes() - 64 * KiB)); // everything else is there
            return 0;
        });
    });
    assert_int_equal(client.wait(), 0);
    assert_int_equal(service.end(), 0);
}

void failures_are_forgotten_when_asked_to(void **)
{
    Service service;
    service.notes().failing.store(true);
    Process client([&] {
        return with_array(service.path(), [&](ClientRegion &region) {
            std::uint8_t value = 0;
            CHECK(guarded_load(region.data() + 5, value) == SIGBUS);
            service.notes().failing.store(false);
            CHECK(guarded_load(region.data() + 5, value) == SIGBUS); // nobody has asked
            CHECK(region.forget_failures({0, 10}).ok());
            CHECK(is_pattern(region.data(), 0, region.bytes()));
            return 0;
        });
    });
    assert_int_equal(client.wait(), 0);
    assert_int_equal(service.notes().loaded_bytes.load(), 4 * MiB + 64 * KiB); // what was there has stayed
    assert_int_equal(service.end(), 0);
}

/// Two wait for a chunk that fails: both get the error.  Who comes after it was mended notices nothing.
void all_who_wait_are_told(void **)
{
    Service service;
    service.notes().stall.store(true);
    service.notes().failing.store(true);
    Common<std::atomic<int>> waiting;
    std::vector<std::unique_ptr<Process>> clients;
    for (int i = 0; i < 3; ++i)
        clients.push_back(std::make_unique<Process>([&] {
            return with_array(service.path(), [&](ClientRegion &region) {
                waiting->fetch_add(1);
                std::uint8_t value = 0;
                CHECK(guarded_load(region.data() + 5, value) == SIGBUS);
                return 0;
            });
        }));
    assert_true(eventually([&] { return waiting->load() == 3 && service.notes().stalled.load() == 1; }));
    pause_ms(50);
    service.notes().stall.store(false);
    for (const auto &client : clients)
        assert_int_equal(client->wait(), 0);
    service.notes().failing.store(false);
    Process later([&] {
        return with_array(service.path(), [](ClientRegion &region) {
            CHECK(region.forget_failures({0, region.bytes()}).ok());
            CHECK(is_pattern(region.data(), 0, region.bytes()));
            return 0;
        });
    });
    assert_int_equal(later.wait(), 0);
    assert_int_equal(service.end(), 0);
}

/// A source that stalls holds up those who want its data, and nobody else.
void stalled_source_holds_up_nobody_else(void **)
{
    Service service;
    service.notes().stall.store(true);
    Process waiting([&] { return with_array(service.path(), [](ClientRegion &region) { return is_pattern(region.data(), 0, 10) ? 0 : 1; }); });
    assert_true(eventually([&] { return service.notes().stalled.load() == 1; }));
    Process other([&] {
        return with_array(service.path(), [](ClientRegion &region) {
            CHECK(is_pattern(region.data() + 64 * KiB, 64 * KiB, region.bytes() - 64 * KiB));
            return 0;
        });
    });
    assert_int_equal(other.wait(), 0);
    service.notes().stall.store(false);
    assert_int_equal(waiting.wait(), 0);
    assert_int_equal(service.end(), 0);
}

/// But not for ever: then they get an error, and can ask again.
void stalled_source_has_a_time_limit(void **)
{
    ServiceOptions options;
    options.limits.answer_milliseconds = 200;
    Service service(options);
    service.notes().stall.store(true);
    Process waiting([&] {
        return with_array(service.path(), [&](ClientRegion &region) {
            std::uint8_t value = 0;
            CHECK(guarded_load(region.data() + 5, value) == SIGBUS);
            CHECK(service.notes().stalled.load() == 1); // still
            CHECK(is_pattern(region.data() + 64 * KiB, 64 * KiB, region.bytes() - 64 * KiB));
            service.notes().stall.store(false);
            CHECK(region.forget_failures({0, 10}).ok());
            CHECK(is_pattern(region.data(), 0, region.bytes()));
            return 0;
        });
    });
    assert_int_equal(waiting.wait(), 0);
    assert_int_equal(service.end(), 0);
}

/// More faults than threads, in clients with several threads each, on regions whose sources all stall: others do not notice, and those who wait get an error in
/// the end.  Each array's first chunks stall, many at a time.
void stalled_sources_do_not_take_all_threads(void **)
{
    ServiceOptions options;
    options.limits.threads = 8;
    options.limits.answer_milliseconds = 2000;
    options.stalling_arrays = 6;
    Service service(options);
    service.notes().stall_all.store(true);
    Common<std::atomic<int>> refused;
    std::vector<std::unique_ptr<Process>> clients;
    constexpr int most = 12;
    constexpr int threads = 8;
    for (int i = 0; i < most; ++i)
        clients.push_back(std::make_unique<Process>([&, i] {
            Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
            CHECK(client.ok());
            Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("stalling" + std::to_string(i % options.stalling_arrays));
            CHECK(region.ok());
            std::vector<std::thread> waiting;
            for (int thread = 0; thread < threads; ++thread)
                waiting.emplace_back([&, thread] {
                    if (!(*region)->touch({static_cast<std::size_t>(thread) * 64 * KiB, 1}).ok())
                        refused->fetch_add(1);
                });
            for (std::thread &thread : waiting)
                thread.join();
            return 0;
        }));
    // One for each at least, and more for those who come first.
    assert_true(eventually([&] { return service.notes().stalled.load() >= static_cast<std::size_t>(options.stalling_arrays); }));
    for (int i = 0; i < 3; ++i) {
        Process healthy([&] {
            return with_array(service.path(), [](ClientRegion &region) { return is_pattern(region.data(), 0, region.bytes()) ? 0 : 1; });
        });
        assert_int_equal(healthy.wait(), 0);
    }
    for (const auto &client : clients)
        assert_int_equal(client->wait(), 0);
    assert_int_equal(refused->load(), most * threads);
    assert_true(service.notes().stalled.load() != 0); // still
    Process healthy([&] { return with_array(service.path(), [](ClientRegion &region) { return is_pattern(region.data(), 0, region.bytes()) ? 0 : 1; }); });
    assert_int_equal(healthy.wait(), 0);
    service.notes().stall_all.store(false);
    assert_int_equal(service.end(), 0);
}

/// What a client does not wait for any more does not count against it, although the source has not returned.
void late_faults_do_not_count(void **)
{
    ServiceOptions options;
    options.limits.faults_at_once = 1;
    options.limits.answer_milliseconds = 200;
    Service service(options);
    service.notes().stall.store(true);
    Process client([&] {
        return with_array(service.path(), [&](ClientRegion &region) {
            CHECK(!region.touch({0, 1}).ok());
            CHECK(service.notes().stalled.load() == 1); // still
            CHECK(is_pattern(region.data() + 64 * KiB, 64 * KiB, region.bytes() - 64 * KiB));
            return 0;
        });
    });
    assert_int_equal(client.wait(), 0);
    service.notes().stall.store(false);
    assert_int_equal(service.end(), 0);
}

/// Runs `change` when a client has read the first chunk of a file of 1 MiB, and expects that the rest cannot be had.
void assert_rest_is_lost(const std::function<int(const std::string &)> &change)
{
    Service service;
    const std::string path = service.folder().pattern_file("data", MiB);
    Process client([&] {
        return with_file(service.path(), path, [&](Client &, ClientRegion &region) {
            CHECK(is_pattern(region.data(), 0, 1000));
            CHECK(change(path) == 0);
            for (std::size_t at = 64 * KiB; at < MiB; at += 64 * KiB) {
                std::uint8_t value = 0;
                CHECK(guarded_load(region.data() + at, value) == SIGBUS);
            }
            CHECK(is_pattern(region.data(), 0, 1000)); // which was read when it was right
            return 0;
        });
    });
    assert_int_equal(client.wait(), 0);
    assert_int_equal(service.end(), 0);
}

void file_is_truncated(void **)
{
    assert_rest_is_lost([](const std::string &path) { return truncate(path.c_str(), 100'000); });
}

void file_is_changed(void **)
{
    assert_rest_is_lost([](const std::string &path) {
        pause_ms(20); // some file systems tell the time in steps
        const kernel::File file(open(path.c_str(), O_WRONLY));
        return pwrite(file.descriptor(), "x", 1, 500'000) == 1 ? 0 : 1;
    });
}

void file_is_replaced(void **)
{
    assert_rest_is_lost([](const std::string &path) {
        pause_ms(20);
        const std::string other = path + ".new";
        const kernel::File file(open(other.c_str(), O_WRONLY | O_CREAT, 0600));
        return ftruncate(file.descriptor(), MiB) == 0 && rename(other.c_str(), path.c_str()) == 0 ? 0 : 1;
    });
}

/// Whoever opens a changed file sees what it holds now.
void changed_file_is_another_one(void **)
{
    Service service;
    const std::string path = service.folder().pattern_file("data", MiB);
    Process client([&] {
        return with_file(service.path(), path, [&](Client &connected, ClientRegion &before) {
            CHECK(is_pattern(before.data(), 0, before.bytes()));
            pause_ms(20);
            const kernel::File file(open(path.c_str(), O_RDWR));
            CHECK(pwrite(file.descriptor(), "x", 1, 500'000) == 1);
            Result<std::unique_ptr<ClientRegion>> after = connected.open_file(file.descriptor());
            CHECK(after.ok());
            CHECK(static_cast<char>((*after)->data()[500'000]) == 'x');
            CHECK(is_pattern((*after)->data(), 0, 500'000));
            CHECK(is_pattern(before.data(), 0, before.bytes()));
            return 0;
        });
    });
    assert_int_equal(client.wait(), 0);
    assert_int_equal(service.end(), 0);
}

void empty_files_are_errors(void **)
{
    Service service;
    const std::string path = service.folder().pattern_file("data", 0);
    Process client([&] {
        Result<std::shared_ptr<Client>> connected = Client::connect(service.path(), {});
        CHECK(connected.ok());
        const kernel::File file(open(path.c_str(), O_RDONLY));
        CHECK((*connected)->open_file(file.descriptor()).status().code == Code::invalid);
        CHECK((*connected)->open_name("array").ok()); // the conversation goes on
        return 0;
    });
    assert_int_equal(client.wait(), 0);
    assert_int_equal(service.end(), 0);
}

} // namespace

int main()
{
    if (!can_serve())
        return 77;
    const CMUnitTest tests[] = {
        cmocka_unit_test(source_fails),          cmocka_unit_test(failures_are_forgotten_when_asked_to),
        cmocka_unit_test(all_who_wait_are_told), cmocka_unit_test(stalled_source_holds_up_nobody_else),
        cmocka_unit_test(stalled_source_has_a_time_limit),
        cmocka_unit_test(stalled_sources_do_not_take_all_threads),
        cmocka_unit_test(late_faults_do_not_count),
        cmocka_unit_test(file_is_truncated),     cmocka_unit_test(file_is_changed),
        cmocka_unit_test(file_is_replaced),      cmocka_unit_test(changed_file_is_another_one),
        cmocka_unit_test(empty_files_are_errors),
    };
    return RUN(tests);
}
