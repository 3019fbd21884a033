// SPDX-License-Identifier: MIT
// Library: client processes read the same file through one service, each all of it; or a plain mapping of shared memory.

#include "common/access.hpp"
#include "common/options.hpp"
#include "common/record.hpp"

#include <ufomem/service.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace bench;

namespace {

void must(bool done, const char *what)
{
    if (!done)
        die(std::string(what) + ": " + ufo_last_error());
}

/// What the processes of a run have in common.
struct Common {
    std::atomic<int> ready{0};
    std::atomic<bool> go{false};
    std::atomic<int> done{0};
    std::atomic<bool> end{false};
    std::atomic<std::uint64_t> own_kib{0}; ///< memory of the clients that is nobody else's
    std::atomic<std::uint64_t> populated{0};
    std::atomic<std::uint64_t> faults{0};
};

/// Memory of this process that it shares with nobody, in KiB.
std::uint64_t private_kib()
{
    std::uint64_t kib = 0;
    if (std::FILE *file = std::fopen("/proc/self/smaps_rollup", "re")) {
        char line[200];
        unsigned long long part = 0;
        while (std::fgets(line, sizeof line, file))
            if (std::sscanf(line, "Private_Clean: %llu", &part) == 1 || std::sscanf(line, "Private_Dirty: %llu", &part) == 1)
                kib += part;
        std::fclose(file);
    }
    return kib;
}

pid_t process(const std::function<void()> &body)
{
    const pid_t child = fork();
    if (child < 0)
        die_of_errno("fork");
    if (child == 0) {
        body();
        std::fflush(nullptr);
        _exit(0);
    }
    return child;
}

template <class Condition> void wait_for(Condition condition)
{
    while (!condition())
        usleep(200);
}

void serve(Common &common, const std::string &path, std::size_t budget, std::size_t chunk)
{
    ufo_core_config *limits = ufo_core_config_new();
    must(ufo_core_config_set_budget(limits, budget) == UFO_OK, "budget");
    ufo_core *core = ufo_core_new(limits);
    must(core != nullptr, "core");
    ufo_server_config *config = ufo_server_config_new();
    must(ufo_server_config_set_path(config, path.c_str()) == UFO_OK, "path");
    must(ufo_server_config_set_chunk_bytes(config, chunk) == UFO_OK, "chunk");
    ufo_server *server = ufo_server_new(core, config);
    must(server != nullptr, "server");
    common.ready++;
    wait_for([&] { return common.end.load(); });
    ufo_server_stats stats = {};
    stats.struct_size = sizeof stats;
    must(ufo_server_stats_get(server, &stats) == UFO_OK, "stats");
    common.populated = stats.populated_bytes;
    common.faults = stats.faults;
    ufo_server_free(server);
    ufo_core_free(core);
}

const Element *open_shared(const std::string &path, const std::string &file, std::size_t count)
{
    ufo_client *client = ufo_client_connect(path.c_str());
    must(client != nullptr, "client");
    ufo_config *config = ufo_config_new();
    must(ufo_config_set_elements(config, count, sizeof(Element)) == UFO_OK, "elements");
    must(ufo_config_set_file(config, file.c_str(), 0, 0) == UFO_OK, "file");
    must(ufo_config_set_shared(config, client, nullptr) == UFO_OK, "shared");
    ufo *region = ufo_new(nullptr, config);
    must(region != nullptr, "region");
    return static_cast<const Element *>(ufo_data(region));
}

/// A copy of the file in shared memory.
const Element *open_plain(int memory, std::size_t bytes)
{
    void *start = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, memory, 0);
    if (start == MAP_FAILED)
        die_of_errno("mmap");
    return static_cast<const Element *>(start);
}

int copy_in_memory(const std::string &file, std::size_t bytes)
{
    const int from = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    const int memory = memfd_create("bench", MFD_CLOEXEC);
    std::vector<char> block(std::size_t{1} << 20);
    for (std::size_t at = 0; at < bytes; at += block.size())
        if (pread(from, block.data(), block.size(), static_cast<off_t>(at)) < 0 || pwrite(memory, block.data(), block.size(), static_cast<off_t>(at)) < 0)
            die_of_errno(file);
    close(from);
    return memory;
}

void read_at_random(const Element *elements, std::size_t count, std::size_t times, std::uint64_t seed)
{
    Random random(seed);
    for (std::size_t i = 0; i < times; i++) {
        const std::size_t at = random.below(count);
        if (elements[at] != value_at(at))
            die("an element is wrong");
    }
}

} // namespace

int main(int argc, char **argv)
{
    Options options(argc, argv);
    const std::size_t bytes = options.size("size", std::size_t{1} << 30);
    const std::size_t budget = options.size("budget", bytes / 4);
    const std::size_t chunk = options.size("chunk", 0);
    const auto clients = static_cast<int>(options.size("clients", 1));
    const std::string file = options.text("file", "");
    const std::size_t reads = options.size("reads", 0); // at random, of each client; 0: a scan
    const bool warm = options.flag("warm");             // somebody has read it all before
    const bool plain = options.flag("plain");
    options.finish();

    auto *common = new (mmap(nullptr, sizeof(Common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Common;
    const std::size_t count = bytes / sizeof(Element);
    char folder[] = "/tmp/ufomem-bench-XXXXXX";
    if (!mkdtemp(folder))
        die_of_errno(folder);
    const std::string path = std::string(folder) + "/service";
    const int memory = plain ? copy_in_memory(file, bytes) : -1;
    const pid_t server = plain ? -1 : process([&] { serve(*common, path, budget, chunk); });
    if (!plain)
        wait_for([&] { return common->ready.load() == 1; });
    const auto open_array = [&] { return plain ? open_plain(memory, bytes) : open_shared(path, file, count); };
    if (warm)
        waitpid(process([&] { static_cast<void>(scan({open_array(), count})); }), nullptr, 0);

    common->ready = 0;
    std::vector<pid_t> readers;
    for (int i = 0; i < clients; i++)
        readers.push_back(process([&, i] {
            const Element *elements = open_array();
            common->ready++;
            wait_for([&] { return common->go.load(); });
            if (reads != 0)
                read_at_random(elements, count, reads, static_cast<std::uint64_t>(i) + 1);
            else
                static_cast<void>(scan({elements, count}));
            common->done++;
            wait_for([&] { return common->done.load() == clients; });
            common->own_kib += private_kib();
        }));
    wait_for([&] { return common->ready.load() == clients; });
    const auto start = Clock::now();
    common->go = true;
    wait_for([&] { return common->done.load() == clients; });
    const double seconds = seconds_since(start);
    for (const pid_t reader : readers) {
        int status = 0;
        waitpid(reader, &status, 0);
        if (status != 0)
            die("a client failed");
    }
    common->end = true;
    if (server > 0)
        waitpid(server, nullptr, 0);
    unlink(path.c_str());
    rmdir(folder);
    const auto readers_count = static_cast<std::uint64_t>(clients);
    record("seconds", seconds);
    if (reads != 0)
        record("reads", reads * readers_count);
    else
        record("bytes", bytes * readers_count);
    record("own_kib_each", common->own_kib.load() / readers_count);
    record("populated_bytes", common->populated.load());
    record("faults", common->faults.load());
}
