// SPDX-License-Identifier: MIT
// A service and its client, one of them in this process, where calls fail, and the other in one where none does.
#include "../array.hpp"
#include "../guard.hpp"
#include "../objects.hpp"
#include "../peer.hpp"
#include "../scenario.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <ufomem/service.h>

namespace torture {
namespace {

constexpr std::size_t words = 64 * kib; // 512 KiB
constexpr const char *array_name = "counted";

struct FreeServer {
    void operator()(ufo_server *server) const { ufo_server_free(server); }
};
struct FreeClient {
    void operator()(ufo_client *client) const { ufo_client_free(client); }
};
using ServerOwner = std::unique_ptr<ufo_server, FreeServer>;
using ClientOwner = std::unique_ptr<ufo_client, FreeClient>;

/// What the two processes tell each other.
struct Notes {
    std::atomic<bool> served{false};   ///< there is a server to be found
    std::atomic<bool> replace{false};  ///< the second server may begin
    std::atomic<bool> used{false};     ///< the client has done what it wanted to do under faults
    std::atomic<bool> settled{false};  ///< nothing fails any more
    std::atomic<bool> verified{false}; ///< the client has seen that everything works again
    std::atomic<bool> gone{false};     ///< the server has been freed
};

/// A name for a socket that nobody else has.
class SocketName {
  public:
    explicit SocketName(const Pass &pass) : path_(pass.folder() + "/torture-" + std::to_string(getpid()) + ".socket")
    {
        unlink(path_.c_str());
    }
    SocketName(const SocketName &) = delete;
    SocketName &operator=(const SocketName &) = delete;
    ~SocketName() { unlink(path_.c_str()); } // left behind where the library was not let
    const char *path() const { return path_.c_str(); }

  private:
    std::string path_;
};

std::int32_t populate_words(void *, std::size_t first, std::size_t count, void *out)
{
    auto *word = static_cast<std::uint64_t *>(out);
    for (std::size_t i = 0; i < count; ++i)
        word[i] = counted_word(first + i);
    return 0;
}

bool is_off(const char *feature)
{
    const char *off = std::getenv("UFOMEM_FEATURES_OFF");
    return off && std::strstr(off, feature);
}

/// A client's userfaultfd has to be able to tell of errors.
bool can_share() { return !is_off("poison"); }

ufo_server *start_server(Pass &pass, ufo_core *core, const char *path)
{
    ufo_server_config *config = ufo_server_config_new();
    if (!config)
        return nullptr;
    ufo_status status = ufo_server_config_set_path(config, path);
    if (status == UFO_OK)
        status = ufo_server_config_allow_directory(config, pass.folder().c_str());
    // A client opens three arrays at a time: what is left of attempts that failed must not add up.
    for (const auto &[limit, value] : {std::pair<ufo_server_limit, std::uint64_t>{UFO_LIMIT_ANSWER_MS, 2000},
                                       {UFO_LIMIT_REGIONS, 6},
                                       {UFO_LIMIT_PINNED_BYTES, 192 * kib},
                                       {UFO_LIMIT_THREADS, 4},
                                       {UFO_LIMIT_IDLE_FILES, 1}})
        if (status == UFO_OK)
            status = ufo_server_config_set_limit(config, limit, value);
    ufo_server *server = status == UFO_OK ? ufo_server_new(core, config) : nullptr;
    ufo_server_config_free(config);
    return server;
}

ufo_status publish(ufo_server *server, const char *name)
{
    ufo_config *config = ufo_config_new();
    if (!config)
        return ufo_last_status();
    ufo_status status = ufo_config_set_elements(config, words, 8);
    if (status == UFO_OK)
        status = ufo_config_set_chunk(config, 2 * kib); // elements, of 16 KiB
    if (status == UFO_OK)
        status = ufo_config_set_populate(config, populate_words, nullptr, nullptr);
    if (status == UFO_OK)
        status = ufo_server_publish(server, name, config);
    ufo_config_free(config);
    return status;
}

/// A status as Pass::make() wants it.
bool publish_in_spite_of_faults(Pass &pass, ufo_server *server)
{
    static int made;
    return pass.make<int>("ufo_server_publish", [&]() -> int * {
        return publish(server, array_name) == UFO_OK ? &made : nullptr;
    }) != nullptr;
}

/// The arrays that a client has open, and what may be in them.
struct Opened {
    RegionOwner region;
    std::unique_ptr<Array> array;
};

/// `file`: null for the array that has a name.
ufo *open_shared(ufo_client *client, const WorkFile *file, std::size_t chunk_bytes)
{
    ufo_config *config = ufo_config_new();
    if (!config)
        return nullptr;
    ufo_status status = ufo_config_set_elements(config, words, 8);
    if (status == UFO_OK && file)
        status = ufo_config_set_file(config, file->path(), 0, 0);
    if (status == UFO_OK && file)
        status = ufo_config_set_chunk(config, chunk_bytes / 8);
    if (status == UFO_OK)
        status = ufo_config_set_shared(config, client, file ? nullptr : array_name);
    ufo *region = status == UFO_OK ? ufo_new(nullptr, config) : nullptr;
    ufo_config_free(config);
    return region;
}

Opened account_for(Pass &pass, ufo *region, const WorkFile *file)
{
    Opened opened{RegionOwner(region), nullptr};
    if (region)
        opened.array = std::make_unique<Array>(
            pass, region, Array::Shape{.words = words, .base = file ? mixed_word : counted_word, .shared = true});
    return opened;
}

void read_all_kinds(Array &array, std::uint64_t seed)
{
    mixed_steps(array, {.steps = 50, .seed = seed, .block = 3000, .writes = false});
}

/// Nothing fails any more: what was lost has to come back, and everything is looked at.
void look_at_everything(Pass &pass, Opened &opened)
{
    if (!opened.array)
        return;
    constexpr int soon = 5000; // milliseconds
    if (!opened.array->comes_back(soon))
        return pass.note(Violation::broken, "an array that was lost does not come back: %s", ufo_last_error());
    opened.array->recover_and_verify();
}

// ---- The client is under test. --------------------------------------------------------------------------------------

/// A server where nothing fails; until its process is ended.
void be_server(Pass &pass, const char *path, Notes &notes)
{
    unsetenv("UFOMEM_DELIVERY");
    unsetenv("UFOMEM_FEATURES_OFF");
    Pass own(pass.journal(), Pass::Kind::clean, pass.folder());
    const CoreOwner core = make_core(own, 512 * kib);
    const ServerOwner server(own.make<ufo_server>("ufo_server_new", [&] { return start_server(own, core.get(), path); }));
    if (!server || !publish_in_spite_of_faults(own, server.get()))
        return;
    notes.served = true;
    for (;;)
        pause();
}

void stay_with_server(Pass &pass, bool replace)
{
    if (!can_share())
        return;
    const WorkFile small(pass, words);
    const WorkFile large(pass, words);
    const SocketName name(pass);
    Common<Notes> notes;
    Peer first([&] { be_server(pass, name.path(), *notes.operator->()); });
    Peer second([&] {
        if (eventually(20'000, [&] { return notes->replace.load(); }))
            be_server(pass, name.path(), *notes.operator->());
    });
    if (!eventually(5000, [&] { return notes->served.load(); }))
        return pass.note(Violation::broken, "no server comes up in the other process");
    pass.step("connecting");
    const ClientOwner client(pass.make<ufo_client>("ufo_client_connect", [&] { return ufo_client_connect(name.path()); }));
    if (!client)
        return;
    const auto open = [&](const WorkFile *file, std::size_t chunk_bytes) {
        return account_for(pass, pass.make<ufo>("ufo_new, shared", [&] { return open_shared(client.get(), file, chunk_bytes); }), file);
    };
    pass.step("opening");
    std::array<Opened, 3> all{open(&small, 4 * kib), open(&large, 64 * kib), open(nullptr, 0)};
    pass.step("using");
    std::uint64_t seed = 21;
    for (Opened &opened : all)
        if (opened.array)
            read_all_kinds(*opened.array, ++seed);
    all[0] = {}; // and the others stay
    all[0] = open(&small, 4 * kib);
    ufo_server_stats stats{};
    stats.struct_size = sizeof stats;
    (void)pass.ok(ufo_client_stats_get(client.get(), &stats), "ufo_client_stats_get");
    if (replace) {
        pass.step("the server is replaced");
        first.end_at_once();
        notes->served = false;
        notes->replace = true;
        if (!eventually(5000, [&] { return notes->served.load(); }))
            return pass.note(Violation::broken, "no second server comes up in the other process");
        for (Opened &opened : all)
            if (opened.array)
                (void)opened.array->comes_back(pass.errors_allowed() ? 1500 : 5000);
        for (Opened &opened : all)
            if (opened.array)
                read_all_kinds(*opened.array, ++seed);
    }
    pass.settle();
    pass.step("looking at everything");
    for (Opened &opened : all)
        look_at_everything(pass, opened);
    for (int again = 0; again < 6; ++again) // more than the server allows at a time
        all[1] = open(&large, 64 * kib);
    look_at_everything(pass, all[1]);
    pass.resume();
    pass.step("freeing");
    all = {};
}

void client(Pass &pass) { stay_with_server(pass, false); }
void client_of_two(Pass &pass) { stay_with_server(pass, true); }

// ---- The server is under test. --------------------------------------------------------------------------------------

/// Tries again for as long as there is a reason: only when nothing fails any more it may not take long.
template <class Made> Made *make_under_service(Pass &pass, Notes &notes, const char *what, const std::function<Made *()> &attempt)
{
    constexpr int patience = 150; // a service that has been lost is found again after half a second at most
    for (int settled = 0;;) {
        settled += notes.settled ? 1 : 0;
        if (Made *made = attempt())
            return made;
        if (settled > 1 && (ufo_last_status() != UFO_ERR_CLOSED || settled > patience)) {
            pass.note(Violation::broken, "%s, when the errors had stopped: %s", what, ufo_last_error());
            return nullptr;
        }
        if (pass.kind() == Pass::Kind::clean)
            pass.note(Violation::broken, "%s: %s", what, ufo_last_error());
        if (ufo_last_error()[0] == '\0')
            pass.note(Violation::unclear, "%s: no sentence", what);
        pass.journal().reported.fetch_add(1);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

/// A client in a process where nothing fails: what it meets comes from the server.
class Customer {
  public:
    Customer(Pass &pass, const char *path, const WorkFile &small, const WorkFile &large, Notes &notes)
        : pass_(pass), notes_(notes), client_(make_under_service<ufo_client>(pass, notes, "ufo_client_connect", [=] { return ufo_client_connect(path); }))
    {
        if (!client_)
            return;
        open(&small, 4 * kib);
        open(&large, 64 * kib);
        open(nullptr, 0);
    }
    void use()
    {
        for (std::size_t i = 0; i < all_.size(); ++i)
            if (all_[i].array && !notes_.settled)
                read_all_kinds(*all_[i].array, 31 + i);
        ufo_server_stats stats{};
        stats.struct_size = sizeof stats;
        if (client_)
            (void)pass_.ok(ufo_client_stats_get(client_.get(), &stats), "ufo_client_stats_get");
    }
    void look()
    {
        for (Opened &opened : all_)
            look_at_everything(pass_, opened);
    }
    /// The server has gone: each access has to say so, and does not wait.
    void miss_server()
    {
        for (Opened &opened : all_)
            if (opened.region && !eventually(3000, [&] { return ufo_touch(opened.region.get(), 0, 1) == UFO_ERR_CLOSED; }))
                pass_.note(Violation::broken, "the server has gone, and the client does not notice: %s", ufo_last_error());
    }

  private:
    void open(const WorkFile *file, std::size_t chunk_bytes)
    {
        all_.push_back(account_for(pass_, make_under_service<ufo>(pass_, notes_, "ufo_new, shared",
                                                                  [&] { return open_shared(client_.get(), file, chunk_bytes); }),
                                   file));
    }
    Pass &pass_;
    Notes &notes_;
    ClientOwner client_;
    std::vector<Opened> all_;
};

void be_client(Pass &pass, const char *path, const WorkFile &small, const WorkFile &large, Notes &notes)
{
    unsetenv("UFOMEM_FEATURES_OFF");
    if (!eventually(20'000, [&] { return notes.served.load(); }))
        return;
    Pass own(pass.journal(), pass.kind(), pass.folder());
    {
        Customer early(own, path, small, large, notes);
        early.use();
        notes.used = true;
        if (!eventually(20'000, [&] { return notes.settled.load(); }))
            return;
        own.settle();
        early.look();
    }
    Customer late(own, path, small, large, notes);
    late.look();
    notes.verified = true;
    if (eventually(20'000, [&] { return notes.gone.load(); }))
        late.miss_server();
}

void server(Pass &pass)
{
    const WorkFile small(pass, words);
    const WorkFile large(pass, words);
    const SocketName name(pass);
    Common<Notes> notes;
    Peer client([&] { be_client(pass, name.path(), small, large, *notes.operator->()); });
    const CoreOwner core = make_core(pass, 512 * kib);
    if (!core || ufo_core_delivery(core.get()) != UFO_DELIVERY_THREAD
        || (ufo_core_features(core.get()) & UFO_FEATURE_POISON) == 0)
        return;
    pass.step("starting");
    ServerOwner server(pass.make<ufo_server>("ufo_server_new", [&] { return start_server(pass, core.get(), name.path()); }));
    if (!server || !publish_in_spite_of_faults(pass, server.get()))
        return;
    notes->served = true;
    pass.step("serving");
    // Who waits for an answer that cannot be had has waited enough.
    (void)eventually(pass.kind() == Pass::Kind::faulty ? 1000 : 10'000, [&] { return notes->used.load(); });
    pass.settle();
    notes->settled = true;
    pass.step("serving without faults");
    constexpr int soon = 8000; // less than a client waits for an answer that never comes
    if (!eventually(soon, [&] { return notes->verified.load(); }))
        pass.note(Violation::broken, "no client is served for 8 s after the errors have stopped");
    pass.resume();
    pass.step("publishing and withdrawing");
    if (publish(server.get(), "more") == UFO_OK && ufo_server_withdraw(server.get(), "more") != UFO_OK)
        pass.note(Violation::broken, "ufo_server_withdraw: %s", ufo_last_error());
    pass.step("freeing");
    server.reset();
    notes->gone = true;
    if (!client.has_ended(8000))
        pass.note(Violation::broken, "the client does not come to an end");
}

constexpr Scenario all[] = {
    {"served-client", client},
    {"served-client-of-two", client_of_two},
    {"served-server", server},
};

} // namespace

std::span<const Scenario> served_scenarios() { return all; }

} // namespace torture
