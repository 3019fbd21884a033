// SPDX-License-Identifier: MIT
// Clients read what the source has, all of them, whatever the budget, and it is loaded once.
#include "processes.hpp"

#include <numeric>

using namespace ufomem;
using namespace ufomem::service;

namespace {

int read_all(const ClientRegion &region)
{
    CHECK(is_pattern(region.data(), 0, region.bytes()));
    return 0;
}

int read_at_random(const ClientRegion &region, std::size_t times, std::uint64_t stream)
{
    unit::Random random(stream);
    for (std::size_t i = 0; i < times; ++i) {
        const std::size_t offset = random.below(region.bytes());
        const std::size_t size = std::min<std::size_t>(random.between(1, 300), region.bytes() - offset);
        CHECK(is_pattern(region.data() + offset, offset, size));
    }
    return 0;
}

void one_client_reads(void **)
{
    Service service;
    Process client([&] { return with_array(service.path(), read_all); });
    assert_int_equal(client.wait(), 0);
    assert_int_equal(service.notes().loaded_bytes.load(), 4 * MiB);
    assert_int_equal(service.end(), 0);
}

void what_one_has_read_is_there_for_the_next(void **)
{
    Service service;
    for (int i = 0; i < 3; ++i) {
        Process client([&] { return with_array(service.path(), read_all); });
        assert_int_equal(client.wait(), 0);
    }
    assert_int_equal(service.notes().loaded_bytes.load(), 4 * MiB);
    assert_int_equal(service.end(), 0);
}

void clients_at_once_load_each_chunk_once(void **)
{
    Service service;
    std::vector<std::unique_ptr<Process>> clients;
    for (std::uint64_t i = 0; i < 4; ++i)
        clients.push_back(std::make_unique<Process>([&, i] {
            return with_array(service.path(), [i](ClientRegion &region) { return read_at_random(region, 2000, i) != 0 || read_all(region) != 0; });
        }));
    for (const auto &client : clients)
        assert_int_equal(client->wait(), 0);
    assert_int_equal(service.notes().loaded_bytes.load(), 4 * MiB);
    assert_int_equal(service.end(), 0);
}

void a_small_budget_is_kept(void **)
{
    ServiceOptions options;
    options.array_bytes = 8 * MiB;
    options.budget = 2 * MiB;
    Service service(options);
    std::vector<std::unique_ptr<Process>> clients;
    for (std::uint64_t i = 0; i < 3; ++i)
        clients.push_back(std::make_unique<Process>([&, i] {
            return with_array(service.path(), [i](ClientRegion &region) { return read_all(region) != 0 || read_at_random(region, 1000, i) != 0; });
        }));
    for (const auto &client : clients)
        assert_int_equal(client->wait(), 0);
    assert_true(service.notes().most_bytes.load() > MiB / 2);
    assert_true(service.notes().most_bytes.load() <= options.budget);
    assert_true(service.notes().loaded_bytes.load() > options.array_bytes); // it had to be loaded again
    assert_int_equal(service.end(), 0); // which has looked at the budget all the time
}

void walks_come_in_extents(void **)
{
    ServiceOptions options;
    options.array_bytes = 32 * MiB + 12345;
    options.readahead_bytes = 4 * MiB;
    Service service(options);
    Process client([&] { return with_array(service.path(), read_all); });
    assert_int_equal(client.wait(), 0);
    assert_int_equal(service.notes().loaded_bytes.load(), options.array_bytes);
    assert_true(service.notes().loads.load() < options.array_bytes / options.chunk_bytes / 2);
    assert_int_equal(service.end(), 0);
}

bool only_loads_are_served()
{
    const kernel::Pagemap pagemap;
    Result<kernel::Userfaultfd> faults =
        kernel::Userfaultfd::open(pagemap, *parse_features(std::getenv("UFOMEM_FEATURES_OFF")), kernel::Faults::as_messages);
    return faults.ok() && faults->features().has(feature_userfaultfd_user);
}

int load_pages(const ClientRegion &region, std::size_t begin, std::size_t end)
{
    for (std::size_t at = begin; at < end; at += 4096)
        CHECK(load(region.data() + at) == pattern(at));
    return 0;
}

/// Half of the budget, read at random by one client, is still there when another one has walked through twice the budget.
void what_is_used_at_random_outlives_a_walk_of_another_client(void **)
{
    constexpr std::size_t used = 16 * MiB;
    ServiceOptions options;
    options.budget = 2 * used;
    options.array_bytes = used + 2 * options.budget;
    options.readahead_bytes = 4 * MiB;
    Service service(options);
    const auto use = [&] {
        return with_array(service.path(), [&](ClientRegion &region) {
            std::vector<std::size_t> chunks(used / (64 * KiB)); // shuffled: a stride would be a walk, too
            std::iota(chunks.begin(), chunks.end(), std::size_t{0});
            unit::Random random(1);
            for (std::size_t left = chunks.size(); left > 1; --left)
                std::swap(chunks[left - 1], chunks[random.below(left)]);
            for (const std::size_t chunk : chunks)
                CHECK(load_pages(region, chunk * 64 * KiB, (chunk + 1) * 64 * KiB) == 0);
            return 0;
        });
    };
    Process first(use);
    assert_int_equal(first.wait(), 0);
    Process walks([&] { return with_array(service.path(), [](ClientRegion &region) { return load_pages(region, used, region.bytes()); }); });
    assert_int_equal(walks.wait(), 0);
    const std::size_t before = service.notes().loaded_bytes.load();
    assert_true(before >= options.array_bytes);
    Process again(use);
    assert_int_equal(again.wait(), 0);
    // First in, first out, would have to load all of it again.
    assert_in_range(service.notes().loaded_bytes.load() - before, 0, used / 2);
    assert_int_equal(service.end(), 0);
}

int with_file(const std::string &service, const std::string &path, const std::function<int(ClientRegion &)> &body)
{
    Result<std::shared_ptr<Client>> client = Client::connect(service, {});
    CHECK(client.ok());
    const kernel::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    CHECK(file);
    Result<std::unique_ptr<ClientRegion>> region = (*client)->open_file(file.descriptor());
    CHECK(region.ok());
    return body(**region);
}

void files_are_read(void **)
{
    Service service;
    const std::string path = service.folder().pattern_file("data", 3 * MiB + 77);
    for (int i = 0; i < 2; ++i) {
        Process client([&] {
            return with_file(service.path(), path, [](ClientRegion &region) {
                CHECK(region.bytes() == 3 * MiB + 77);
                return read_all(region);
            });
        });
        assert_int_equal(client.wait(), 0);
    }
    assert_int_equal(service.end(), 0);
}

void calls_read_too(void **)
{
    Service service;
    Process client([&] {
        return with_array(service.path(), [](ClientRegion &region) {
            std::vector<std::byte> out(200 * KiB);
            CHECK(region.read({100'000, out.size()}, out.data()).ok());
            CHECK(is_pattern(out.data(), 100'000, out.size()));
            CHECK(region.touch({0, region.bytes()}).ok());
            CHECK(region.touch({region.bytes(), 0}).ok());
            return 0;
        });
    });
    assert_int_equal(client.wait(), 0);
    assert_int_equal(service.notes().loaded_bytes.load(), 4 * MiB);
    assert_int_equal(service.end(), 0);
}

/// System calls of the client find the data, too; an ordinary user's do once it is there.
void system_calls_read(void **)
{
    Service service;
    Process client([&] {
        return with_array(service.path(), [](ClientRegion &region) {
            int pipe[2];
            CHECK(::pipe(pipe) == 0);
            std::byte got[100];
            if (only_loads_are_served()) {
                CHECK(write(pipe[1], region.data() + 70'000, sizeof got) == -1 && errno == EFAULT);
                CHECK(region.touch({70'000, sizeof got}).ok());
            }
            CHECK(write(pipe[1], region.data() + 70'000, sizeof got) == sizeof got);
            CHECK(::read(pipe[0], got, sizeof got) == sizeof got);
            CHECK(is_pattern(got, 70'000, sizeof got));
            return 0;
        });
    });
    assert_int_equal(client.wait(), 0);
    assert_int_equal(service.end(), 0);
}

void unknown_names_are_errors(void **)
{
    Service service;
    Process process([&] {
        Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
        CHECK(client.ok());
        CHECK(!(*client)->open_name("nothing").ok());
        CHECK(std::strstr(last_error(), "nothing"));
        Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("array"); // the conversation goes on
        CHECK(region.ok());
        return read_all(**region);
    });
    assert_int_equal(process.wait(), 0);
    assert_int_equal(service.end(), 0);
}

void no_service_is_an_error(void **)
{
    Folder folder;
    const std::string path = folder.file("socket");
    Process process([&] {
        CHECK(!Client::connect(path, {}).ok());
        CHECK(std::strstr(last_error(), path.c_str()));
        return 0;
    });
    assert_int_equal(process.wait(), 0);
}

} // namespace

int main()
{
    if (!can_serve())
        return 77;
    const CMUnitTest tests[] = {
        cmocka_unit_test(one_client_reads),       cmocka_unit_test(what_one_has_read_is_there_for_the_next),
        cmocka_unit_test(clients_at_once_load_each_chunk_once), cmocka_unit_test(a_small_budget_is_kept),
        cmocka_unit_test(walks_come_in_extents),  cmocka_unit_test(what_is_used_at_random_outlives_a_walk_of_another_client),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(calls_read_too),         cmocka_unit_test(system_calls_read),
        cmocka_unit_test(unknown_names_are_errors), cmocka_unit_test(no_service_is_an_error),
    };
    return RUN(tests);
}
