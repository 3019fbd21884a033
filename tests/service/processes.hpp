// SPDX-License-Identifier: MIT
// Services and clients as processes of their own.  The test's own process has no core, no service and no client: it can fork at any time.
#pragma once

#include "unit/unit.hpp"

#include "client.hpp"
#include "server.hpp"

#include <cerrno>
#include <csetjmp>
#include <cstdio>
#include <functional>
#include <new>
#include <string>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ufomem::service {

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;

/// In a child process: says what is wrong, and ends the body.
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            std::fprintf(stderr, "%s:%d: process %d: %s  [%s]\n", __FILE__, __LINE__, getpid(), #condition, ufomem::last_error());     \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

/// Memory that all processes of the test see.
template <class T> class Common {
  public:
    Common() : memory_(mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) { new (memory_) T; }
    Common(const Common &) = delete;
    Common &operator=(const Common &) = delete;
    ~Common() { munmap(memory_, sizeof(T)); }
    T *operator->() const { return static_cast<T *>(memory_); }
    T &operator*() const { return *static_cast<T *>(memory_); }

  private:
    void *memory_;
};

/// A child that runs a body; killed at the end if it still does.
class Process {
  public:
    explicit Process(const std::function<int()> &body)
    {
        std::fflush(nullptr);
        id_ = fork();
        if (id_ != 0)
            return;
        alarm(180); // nothing of the test is left behind; a service lives for a whole test, which takes a while on a slow machine, and more with sanitizers
        for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) // CMocka's handlers are the parent's business
            signal(own, SIG_DFL);
        _exit(body());
    }
    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;
    ~Process() { stop(SIGKILL); }

    pid_t id() const { return id_; }
    void send(int signal) const { kill(id_, signal); }
    /// The body's result, or 128 + the signal that ended it.
    int wait()
    {
        int status = 0;
        while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
        }
        id_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    void stop(int signal)
    {
        if (id_ > 0) {
            kill(id_, signal);
            wait();
        }
    }

  private:
    pid_t id_ = -1;
};

inline void pause_ms(unsigned milliseconds)
{
    timespec left{milliseconds / 1000, static_cast<long>(milliseconds % 1000) * 1'000'000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

inline std::uint64_t now_ms()
{
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

/// False if it does not come true in time.
template <class Condition> bool eventually(Condition condition, unsigned milliseconds = 60'000)
{
    const std::uint64_t end = now_ms() + milliseconds;
    while (!condition()) {
        if (now_ms() > end)
            return false;
        pause_ms(1);
    }
    return true;
}

/// Byte `offset` of every array and file in these tests: never 0, so that a page of zeros is always wrong.
inline std::uint8_t pattern(std::size_t offset) { return static_cast<std::uint8_t>(1 + (offset + offset / 4096 * 7 + offset / 65536 * 13) % 255); }

inline bool is_pattern(const std::byte *data, std::size_t offset, std::size_t size)
{
    for (std::size_t i = 0; i < size; ++i)
        if (static_cast<std::uint8_t>(data[i]) != pattern(offset + i))
            return false;
    return true;
}

/// What a service and its test tell each other.
struct Notes {
    std::atomic<bool> ready{false};
    std::atomic<bool> end{false};
    std::atomic<std::size_t> clients{0};
    std::atomic<std::uint64_t> dismissed{0};
    std::atomic<std::uint64_t> late{0};
    std::atomic<std::size_t> most_bytes{0};   ///< of shared memory, by the kernel's count
    std::atomic<std::size_t> loads{0};
    std::atomic<std::size_t> loaded_bytes{0};
    std::atomic<std::size_t> stalled{0};      ///< loads that wait now
    std::atomic<bool> stall{false};           ///< loads of chunk 0 wait
    std::atomic<bool> stall_all{false};       ///< loads of the arrays "stalling0" ... wait
    std::atomic<bool> failing{false};         ///< loads of chunk 0 fail
};

/// An array of pattern().
class PatternSource final : public Source {
  public:
    explicit PatternSource(Notes &notes) : notes_(notes) {}
    Status load(const Geometry &, ByteRange data, std::byte *out) override
    {
        notes_.loads.fetch_add(1);
        notes_.loaded_bytes.fetch_add(data.length);
        if (data.offset == 0) {
            notes_.stalled.fetch_add(1);
            while (notes_.stall.load())
                pause_ms(1);
            notes_.stalled.fetch_sub(1);
            if (notes_.failing.load())
                return fail(Code::populate, "no data today");
        }
        for (std::size_t i = 0; i < data.length; ++i)
            out[i] = static_cast<std::byte>(pattern(data.offset + i));
        return {};
    }

  private:
    Notes &notes_;
};

/// Nothing comes of it until it is allowed to.
class StallingSource final : public Source {
  public:
    explicit StallingSource(Notes &notes) : notes_(notes) {}
    Status load(const Geometry &, ByteRange data, std::byte *out) override
    {
        notes_.stalled.fetch_add(1);
        while (notes_.stall_all.load())
            pause_ms(1);
        notes_.stalled.fetch_sub(1);
        std::memset(out, 1, data.length);
        return {};
    }

  private:
    Notes &notes_;
};

/// A folder for sockets and files, gone at the end.
class Folder {
  public:
    Folder()
    {
        char name[] = "/tmp/ufomem-service-XXXXXX";
        path_ = mkdtemp(name);
    }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;
    ~Folder()
    {
        for (const std::string &file : files_)
            unlink(file.c_str());
        rmdir(path_.c_str());
    }
    const std::string &path() const { return path_; }
    std::string file(const char *name)
    {
        files_.push_back(path_ + "/" + name);
        return files_.back();
    }
    std::string pattern_file(const char *name, std::size_t size)
    {
        const std::string path = file(name);
        const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        std::vector<std::uint8_t> block(MiB);
        for (std::size_t at = 0; at < size; at += block.size()) {
            for (std::size_t i = 0; i < block.size(); ++i)
                block[i] = pattern(at + i);
            if (write(descriptor, block.data(), std::min(block.size(), size - at)) < 0)
                std::abort();
        }
        close(descriptor);
        return path;
    }

  private:
    std::string path_;
    std::vector<std::string> files_;
};

/// A service with an array "array" of so many bytes; without a body of its own it runs until it is told to end.
struct ServiceOptions {
    std::size_t budget = 64 * MiB;
    std::size_t array_bytes = 4 * MiB;
    std::size_t chunk_bytes = 64 * KiB;
    std::size_t readahead_bytes = 0;
    std::vector<std::string> directories;
    std::size_t file_chunk_bytes = 0;
    int socket = -1;
    int stalling_arrays = 0;
    mode_t mode = 0600;
    uid_t user = 0; ///< that it becomes when it has started; 0: it stays who it is
    Limits limits;
};

inline int run_service(const std::string &path, Notes &notes, const ServiceOptions &wanted)
{
    Core::Options of_core;
    of_core.budget = wanted.budget;
    Result<std::shared_ptr<Core>> core = Core::make(of_core);
    CHECK(core.ok());
    Server::Options options;
    options.core = *core;
    options.path = path;
    options.limits = wanted.limits;
    options.directories = wanted.directories;
    options.chunk_bytes = wanted.file_chunk_bytes;
    options.socket = wanted.socket;
    options.mode = wanted.mode;
    Result<std::unique_ptr<Server>> server = Server::start(options);
    CHECK(server.ok());
    CHECK(wanted.user == 0 || (setgroups(0, nullptr) == 0 && setresuid(wanted.user, wanted.user, wanted.user) == 0));
    Core::RegionRequest request;
    request.geometry.count = wanted.array_bytes;
    request.geometry.element_size = 1;
    request.geometry.min_chunk_elements = wanted.chunk_bytes;
    request.options.source = std::make_shared<PatternSource>(notes);
    request.options.readahead_bytes = wanted.readahead_bytes;
    Result<std::shared_ptr<ServedRegion>> region = (*server)->catalogue().publish("array", std::move(request));
    CHECK(region.ok());
    for (int i = 0; i < wanted.stalling_arrays; ++i) {
        Core::RegionRequest stalling;
        stalling.geometry.count = 4 * MiB;
        stalling.geometry.element_size = 1;
        stalling.options.source = std::make_shared<StallingSource>(notes);
        CHECK((*server)->catalogue().publish("stalling" + std::to_string(i), std::move(stalling)).ok());
    }
    notes.ready.store(true);
    while (!notes.end.load()) {
        struct stat memory {};
        CHECK(fstat((*region)->audience().memory().readable().descriptor(), &memory) == 0);
        const std::size_t bytes = static_cast<std::size_t>(memory.st_blocks) * 512;
        if (bytes > notes.most_bytes.load())
            notes.most_bytes.store(bytes);
        const ServerFigures figures = (*server)->figures();
        notes.clients.store(figures.clients);
        notes.dismissed.store(figures.dismissed);
        notes.late.store(figures.late);
        CHECK((*core)->engine().budget.used() <= wanted.budget);
        pause_ms(1);
    }
    return 0;
}

/// Runs one in a process of its own, and a test can talk with it through `notes`.
class Service {
  public:
    explicit Service(ServiceOptions options = {}) : path_(folder_.file("socket")), process_([this, options] { return run_service(path_, *notes_, options); })
    {
        if (!eventually([&] { return notes_->ready.load(); }))
            fail_test("the service does not start\n");
    }
    const std::string &path() const { return path_; }
    Folder &folder() { return folder_; }
    Notes &notes() { return *notes_; }
    Process &process() { return process_; }
    /// Its own judgement.
    int end()
    {
        notes_->end.store(true);
        return process_.wait();
    }

  private:
    Folder folder_;
    Common<Notes> notes_;
    std::string path_;
    Process process_;
};

/// What a client does with the array, in a process of its own.
inline int with_array(const std::string &path, const std::function<int(ClientRegion &)> &body, const Log &log = {})
{
    Result<std::shared_ptr<Client>> client = Client::connect(path, log);
    CHECK(client.ok());
    Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("array");
    CHECK(region.ok());
    return body(**region);
}

/// Whether this machine can run a service; says why not.
inline bool can_serve()
{
    Process probe([] {
        Core::Options options;
        options.budget = MiB;
        Result<std::shared_ptr<Core>> core = Core::make(options);
        if (!core.ok())
            return 1;
        return (*core)->features().has(feature_poison) ? 0 : 77;
    });
    const int answer = probe.wait();
    if (answer == 77)
        std::fprintf(stderr, "skipped: no userfaultfd with poison here (Linux 6.6)\n");
    return answer == 0;
}

inline sigjmp_buf *g_back = nullptr; // of the process's only thread that loads

/// 0, or the signal that the access ended in.
template <class Access> int guarded(Access access)
{
    sigjmp_buf back;
    struct sigaction action {};
    action.sa_handler = [](int signal) { siglongjmp(*g_back, signal); };
    sigaction(SIGBUS, &action, nullptr);
    sigaction(SIGSEGV, &action, nullptr);
    g_back = &back;
    if (const int signal = sigsetjmp(back, 1); signal != 0)
        return signal;
    access();
    return 0;
}

/// ThreadSanitizer takes the library's mmap() at the end of the service for a store.
#if defined(__SANITIZE_THREAD__)
__attribute__((no_sanitize("thread"), noinline))
#endif
inline std::uint8_t
load(const std::byte *address)
{
    return static_cast<std::uint8_t>(*const_cast<const volatile std::byte *>(address));
}

inline int guarded_load(const std::byte *address, std::uint8_t &value)
{
    return guarded([&] { value = load(address); });
}

inline int guarded_store(std::byte *address, std::uint8_t value)
{
    return guarded([&] { *const_cast<volatile std::byte *>(address) = static_cast<std::byte>(value); });
}

} // namespace ufomem::service
