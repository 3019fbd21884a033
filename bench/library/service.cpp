// SPDX-License-Identifier: MIT
// Library: client processes read the same file through one service, each all of it; or a plain mapping of shared memory.

#include "common/access.hpp"
#include "common/options.hpp"
#include "common/record.hpp"

#include <ufomem/service.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

/// Sleeping until another process says so: who looked from time to time would take processors from those who are measured.
class Gate {
  public:
    Gate()
    {
        if (sem_init(&semaphore_, 1, 0) != 0)
            die_of_errno("sem_init");
    }
    void open(int times = 1)
    {
        for (; times > 0; times--)
            sem_post(&semaphore_);
    }
    /// Gives up when a child has failed.
    void pass(int times = 1)
    {
        for (; times > 0; times--)
            while (!pass_within_a_second())
                if (siginfo_t child = {}; waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0 && child.si_pid != 0 && child.si_status != 0)
                    die("a process of the measurement failed");
    }

  private:
    bool pass_within_a_second()
    {
        timespec end{};
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_sec++;
        return sem_timedwait(&semaphore_, &end) == 0;
    }

    sem_t semaphore_;
};

/// What the processes of a run have in common.
struct Common {
    Gate ready;   ///< passed once for each that is
    Gate go;      ///< by each client
    Gate done;    ///< once for each client
    Gate measure; ///< by each client, when all are done
    Gate end;     ///< by the server
    std::atomic<std::uint64_t> own_kib{0};         ///< memory of the clients that is nobody else's
    std::atomic<std::uint64_t> page_table_kib{0};  ///< what the kernel has for them to map the array, among others
    std::atomic<std::uint64_t> populated{0};
    std::atomic<std::uint64_t> faults{0};
};

/// The figure behind `key` in a file of /proc/self, in KiB.
std::uint64_t figure_of_this_process(const char *file, const char *key)
{
    std::uint64_t kib = 0;
    if (std::FILE *const stream = std::fopen(file, "re")) {
        char line[200];
        while (std::fgets(line, sizeof line, stream))
            if (std::strncmp(line, key, std::strlen(key)) == 0)
                kib = std::strtoull(line + std::strlen(key), nullptr, 10);
        std::fclose(stream);
    }
    return kib;
}

pid_t process(const std::function<void()> &body)
{
    const pid_t child = fork();
    if (child < 0)
        die_of_errno("fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        body();
        std::fflush(nullptr);
        _exit(0);
    }
    return child;
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
    common.ready.open();
    common.end.pass();
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
        common->ready.pass();
    const auto open_array = [&] { return plain ? open_plain(memory, bytes) : open_shared(path, file, count); };
    if (warm)
        waitpid(process([&] { static_cast<void>(scan({open_array(), count})); }), nullptr, 0);

    std::vector<pid_t> readers;
    for (int i = 0; i < clients; i++)
        readers.push_back(process([&, i] {
            const Element *elements = open_array();
            common->ready.open();
            common->go.pass();
            if (reads != 0)
                read_at_random(elements, count, reads, static_cast<std::uint64_t>(i) + 1);
            else
                static_cast<void>(scan({elements, count}));
            common->done.open();
            common->measure.pass();
            common->own_kib += figure_of_this_process("/proc/self/smaps_rollup", "Anonymous:");
            common->page_table_kib += figure_of_this_process("/proc/self/status", "VmPTE:");
        }));
    common->ready.pass(clients);
    const auto start = Clock::now();
    common->go.open(clients);
    common->done.pass(clients);
    const double seconds = seconds_since(start);
    common->measure.open(clients);
    for (const pid_t reader : readers) {
        int status = 0;
        waitpid(reader, &status, 0);
        if (status != 0)
            die("a client failed");
    }
    common->end.open();
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
    record("page_table_kib_each", common->page_table_kib.load() / readers_count);
    record("populated_bytes", common->populated.load());
    record("faults", common->faults.load());
}
