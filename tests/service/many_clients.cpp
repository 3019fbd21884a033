// SPDX-License-Identifier: MIT
// 64 clients at once, with several threads each and a budget that is far too small: all of them read what is right.
#include "processes.hpp"

using namespace ufomem;
using namespace ufomem::service;

namespace {

void many_clients_read(void **)
{
    ServiceOptions options;
    options.array_bytes = 8 * MiB;
    options.budget = 2 * MiB;
    options.readahead_bytes = MiB;
    Service service(options);
    std::vector<std::unique_ptr<Process>> clients;
    for (std::uint64_t i = 0; i < 64; ++i)
        clients.push_back(std::make_unique<Process>([&, i] {
            Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
            CHECK(client.ok());
            Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("array");
            CHECK(region.ok());
            std::atomic<int> wrong{0};
            unit::on_threads(3, [&](std::size_t thread) {
                unit::Random random(i * 3 + thread);
                for (std::size_t n = unit::rounds(60); n != 0; --n) {
                    const std::size_t offset = random.below((*region)->bytes() - 100);
                    if (!is_pattern((*region)->data() + offset, offset, 100))
                        wrong.fetch_add(1);
                }
            });
            CHECK(wrong.load() == 0);
            return 0;
        }));
    for (const auto &client : clients)
        assert_int_equal(client->wait(), 0);
    assert_true(service.notes().most_bytes.load() <= options.budget);
    assert_true(eventually([&] { return service.notes().clients.load() == 0; }));
    assert_int_equal(service.end(), 0);
}

/// They come and go, some of them by force, while others read.
void clients_come_and_go(void **)
{
    ServiceOptions options;
    options.array_bytes = 8 * MiB;
    options.budget = 2 * MiB;
    Service service(options);
    const auto body = [&](std::uint64_t stream) {
        unit::Random random(stream);
        for (;;) {
            Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
            CHECK(client.ok());
            Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("array");
            CHECK(region.ok());
            for (std::size_t n = random.below(30); n != 0; --n) {
                const std::size_t offset = random.below((*region)->bytes() - 100);
                CHECK(is_pattern((*region)->data() + offset, offset, 100));
            }
        }
    };
    unit::Random random;
    for (std::size_t round = 0; round < unit::rounds(12); ++round) {
        std::vector<std::unique_ptr<Process>> clients;
        for (std::uint64_t i = 0; i < 4; ++i)
            clients.push_back(std::make_unique<Process>([&, i] { return body(round * 4 + i); }));
        pause_ms(static_cast<unsigned>(random.between(5, 40)));
        for (const auto &client : clients)
            client->send(SIGKILL);
        for (const auto &client : clients)
            assert_int_equal(client->wait(), 128 + SIGKILL); // and not by their own judgement
    }
    assert_true(eventually([&] { return service.notes().clients.load() == 0; }));
    assert_true(service.notes().most_bytes.load() <= options.budget);
    assert_int_equal(service.end(), 0);
}

} // namespace

int main()
{
    if (!can_serve())
        return 77;
    const CMUnitTest tests[] = {
        cmocka_unit_test(many_clients_read),
        cmocka_unit_test(clients_come_and_go),
    };
    return RUN(tests);
}
