// SPDX-License-Identifier: MIT
// MP-UMap's server and clients, each a process of its own.
#include <atomic>
#include <cerrno>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "support/support.h"
#undef fail // CMocka's; C++ has streams that do

#include "umap/mpumapclient.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 64 * KIB;
constexpr std::size_t buffer = 64;
constexpr std::size_t length = 4 * buffer * page;

/// A child; killed at the end if it is still there.
class Process {
  public:
    explicit Process(const std::function<int()> &body)
    {
        fflush(nullptr);
        id_ = fork();
        if (id_ != 0)
            return;
        for (const int number : {SIGSEGV, SIGBUS, SIGALRM}) // the parent's business
            signal(number, SIG_DFL);
        alarm(100);
        _exit(body());
    }
    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;
    ~Process() { end(); }

    /// Its result, or 128 + the signal that ended it.
    int wait()
    {
        int status = 0;
        while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
        }
        id_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    void end()
    {
        if (id_ > 0) {
            kill(id_, SIGKILL);
            wait();
        }
    }

  private:
    pid_t id_ = -1;
};

int run(std::vector<const char *> words)
{
    words.push_back(nullptr);
    execv(words[0], const_cast<char *const *>(words.data()));
    return 99;
}

bool listens(const std::string &path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    const bool yes = connect(probe, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0;
    close(probe);
    return yes;
}

/// The documented server program; it is there when the constructor is done.
class Server {
  public:
    explicit Server(const std::string &path, bool by_default = false)
        : path_(path), process_([=] { return by_default ? run({UMAP_SERVER_PROGRAM}) : run({UMAP_SERVER_PROGRAM, path.c_str()}); })
    {
        for (int i = 0; i < 20'000 && !listens(path_); i++)
            sleep_ms(1);
        assert_true(listens(path_));
    }
    const char *path() const { return path_.c_str(); }
    void end() { process_.end(); }

  private:
    std::string path_;
    Process process_;
};

std::string new_path() { return std::string(temp_dir()) + "/server"; }

/// All of the file is right, read as a client; 0, or 1.
int verify(const char *path, const char *file, int rounds)
{
    init_umap_client(path);
    const void *bytes = client_umap(file, PROT_READ, MAP_SHARED, nullptr);
    CHILD_CHECK(bytes);
    for (int round = 0; round < rounds; round++)
        CHILD_CHECK(pattern_mismatch(bytes, 0, length) == length);
    CHILD_CHECK(client_uunmap(file) == 0);
    close_umap_client();
    return 0;
}

void two_clients(void **)
{
    begin_test(100);
    const Server server(new_path());
    const char *file = temp_file(length);
    Process first([&] { return verify(server.path(), file, 4); });
    Process second([&] { return verify(server.path(), file, 4); });
    assert_int_equal(first.wait(), 0);
    assert_int_equal(second.wait(), 0);
}

/// What a client is told is what the server's environment says.
int figures_are_those(const char *path)
{
    init_umap_client(path);
    CHILD_CHECK(umapcfg_get_umap_page_size() == page && umapcfg_get_max_pages_in_buffer() == buffer);
    CHILD_CHECK(umapcfg_get_num_fillers() == 6 && umapcfg_get_max_fault_events() == 5 && umapcfg_get_num_evictors() >= 1);
    CHILD_CHECK(umapcfg_get_evict_low_water_threshold() == 60 && umapcfg_get_evict_high_water_threshold() == 80);
    CHILD_CHECK(umapcfg_get_system_page_size() == sysconf(_SC_PAGESIZE));
    close_umap_client();
    CHILD_CHECK(umapcfg_get_umap_page_size() == 0 && errno == ENOTCONN);
    return 0;
}

void figures(void **)
{
    begin_test(100);
    const Server server(new_path());
    Process client([&] { return figures_are_those(server.path()); });
    assert_int_equal(client.wait(), 0);
}

int diff(const Server &server, const char *first, const char *second, std::size_t at = length)
{
    return Process([&] { return run({UMAP_DIFF_PROGRAM, server.path(), first, second, std::to_string(at).c_str()}); }).wait();
}

void differences(void **)
{
    begin_test(100);
    const Server server(new_path());
    const char *first = temp_file(length), *second = temp_file(length), *shorter = temp_file(length - 1);
    assert_int_equal(diff(server, first, second), 0);
    assert_int_equal(diff(server, first, shorter, length - 1), 1);
    // In the very last byte, and then in the middle: the server has seen the file before, which is another one now.
    for (const std::size_t at : {length - 1, length / 2 + 77}) {
        const int file = open(second, O_WRONLY | O_CLOEXEC);
        const unsigned char other = static_cast<unsigned char>(pattern(at) + 1);
        assert_int_equal(pwrite(file, &other, 1, static_cast<off_t>(at)), 1);
        close(file);
        assert_int_equal(diff(server, first, second, at), 1);
    }
    assert_int_equal(diff(server, first, "/nonexistent"), 2);
}

/// Shared between the processes of a test.
struct Progress {
    std::atomic<std::size_t> pages_read{0};
};

int read_for_ever(const char *path, const char *file, Progress &progress)
{
    init_umap_client(path);
    const auto *bytes = static_cast<const unsigned char *>(client_umap(file, PROT_READ, MAP_SHARED, nullptr));
    CHILD_CHECK(bytes);
    for (std::size_t at = 0;; at = (at + 37 * page) % length) {
        CHILD_CHECK(bytes[at] == pattern(at));
        progress.pages_read++;
    }
}

void killed_clients(void **)
{
    begin_test(100);
    const Server server(new_path());
    const char *file = temp_file(length);
    void *shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    Process survivor([&] { return verify(server.path(), file, 10); });
    for (int i = 0; i < 6; i++) {
        auto &progress = *new (shared) Progress;
        Process victim([&] { return read_for_ever(server.path(), file, progress); });
        while (progress.pages_read < 100)
            sleep_ms(1);
        victim.end();
    }
    assert_int_equal(survivor.wait(), 0);
    Process newcomer([&] { return verify(server.path(), file, 1); });
    assert_int_equal(newcomer.wait(), 0);
    munmap(shared, sizeof(Progress));
}

int refusals(const char *path, const char *file)
{
    init_umap_client(path);
    CHILD_CHECK(errno == 0);
    const auto refused = [](const void *address, int code) { return address == nullptr && errno == code; };
    CHILD_CHECK(refused(client_umap(nullptr, PROT_READ, MAP_SHARED, nullptr), EINVAL));
    CHILD_CHECK(refused(client_umap(file, PROT_READ | PROT_WRITE, MAP_SHARED, nullptr), EINVAL));
    CHILD_CHECK(refused(client_umap(file, PROT_READ, MAP_PRIVATE, nullptr), EINVAL));
    CHILD_CHECK(refused(client_umap("/nonexistent", PROT_READ, MAP_SHARED, nullptr), ENOENT));
    CHILD_CHECK(refused(client_umap("/tmp", PROT_READ, MAP_SHARED, nullptr), ENODEV));
    CHILD_CHECK(refused(client_umap(temp_file(0), PROT_READ, MAP_SHARED, nullptr), EINVAL));
    void *bytes = client_umap(file, PROT_READ, MAP_SHARED, nullptr);
    CHILD_CHECK(bytes);
    CHILD_CHECK(refused(client_umap(file, PROT_READ, MAP_SHARED, nullptr), EEXIST));
    CHILD_CHECK(client_uunmap("/nonexistent") == -1 && errno == ENOENT);
    CHILD_CHECK(client_uunmap(nullptr) == -1 && errno == EINVAL);
    init_umap_client(path); // once is enough
    CHILD_CHECK(errno == EISCONN);
    CHILD_CHECK(pattern_mismatch(bytes, 0, length) == length);
    CHILD_CHECK(guarded_write(bytes, 1) != 0); // nobody writes to it

    // At an address of one's own, and never in place of something else.
    const char *other = temp_file(length);
    void *place = mmap(nullptr, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHILD_CHECK(refused(client_umap(other, PROT_READ, MAP_SHARED | MAP_FIXED, place), EEXIST));
    munmap(place, length);
    CHILD_CHECK(client_umap(other, PROT_READ, MAP_SHARED | MAP_FIXED, place) == place);
    CHILD_CHECK(pattern_mismatch(place, 0, length) == length);
    CHILD_CHECK(client_uunmap(other) == 0 && client_uunmap(other) == -1 && errno == ENOENT);

    // Everything is given back.
    close_umap_client();
    CHILD_CHECK(msync(bytes, length, MS_ASYNC) == -1 && errno == ENOMEM);
    CHILD_CHECK(refused(client_umap(file, PROT_READ, MAP_SHARED, nullptr), ENOTCONN));
    const int next = dup(0);
    close(next);
    for (int i = 0; i < 5; i++)
        CHILD_CHECK(verify(path, file, 1) == 0);
    int after = -1;
    for (int tries = 0; tries < 2000 && after != next; tries++) { // the connection's thread may close the last of it
        after = dup(0);
        close(after);
        sleep_ms(1);
    }
    CHILD_CHECK(after == next);
    return 0;
}

void refused(void **)
{
    begin_test(100);
    const Server server(new_path());
    const char *file = temp_file(length);
    Process client([&] {
        guard_install();
        return refusals(server.path(), file);
    });
    assert_int_equal(client.wait(), 0);
}

int meets_the_end(Server &server, const char *file, Progress &progress)
{
    guard_install();
    init_umap_client(server.path());
    const auto *bytes = static_cast<const unsigned char *>(client_umap(file, PROT_READ, MAP_SHARED, nullptr));
    CHILD_CHECK(bytes);
    CHILD_CHECK(bytes[0] == pattern(0));
    for (std::size_t at = page;; at = (at + page) % length) {
        std::uint8_t value = 0;
        const int signal = guarded_read(bytes + at, &value);
        if (signal != 0)
            return signal == SIGBUS ? 0 : 1;
        CHILD_CHECK(value == pattern(at)); // never zeros
        progress.pages_read++;
    }
}

void killed_server(void **)
{
    begin_test(100);
    Server server(new_path());
    const char *file = temp_file(length);
    void *shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto &progress = *new (shared) Progress;
    Process client([&] { return meets_the_end(server, file, progress); });
    while (progress.pages_read < 100)
        sleep_ms(1);
    server.end();
    assert_int_equal(client.wait(), 0);
    // A successor takes the same socket.
    const Server next(server.path());
    Process newcomer([&] { return verify(next.path(), file, 1); });
    assert_int_equal(newcomer.wait(), 0);
    munmap(shared, sizeof(Progress));
}

void default_path(void **)
{
    begin_test(100);
    if (listens(UMAP_SERVER_PATH))
        SKIP_TEST("somebody has a server at the default path");
    const char *file = temp_file(length);
    {
        const Server server(UMAP_SERVER_PATH, true);
        for (const char *path : {static_cast<const char *>(nullptr), "", UMAP_SERVER_PATH}) {
            Process client([=] { return verify(path, file, 1); });
            assert_int_equal(client.wait(), 0);
        }
    }
    unlink(UMAP_SERVER_PATH);
}

} // namespace

int main()
{
    setenv("UMAP_PAGESIZE", std::to_string(page).c_str(), 1);
    setenv("UMAP_BUFSIZE", std::to_string(buffer).c_str(), 1);
    setenv("UMAP_PAGE_FILLERS", "6", 1);
    setenv("UMAP_MAX_FAULT_EVENTS", "5", 1);
    setenv("UMAP_EVICT_LOW_WATER_THRESHOLD", "60", 1);
    setenv("UMAP_EVICT_HIGH_WATER_THRESHOLD", "80", 1);
    const CMUnitTest tests[] = {
        cmocka_unit_test(two_clients), cmocka_unit_test(figures),       cmocka_unit_test(differences),  cmocka_unit_test(killed_clients),
        cmocka_unit_test(refused),     cmocka_unit_test(killed_server), cmocka_unit_test(default_path),
    };
    return RUN(tests);
}
