// SPDX-License-Identifier: MIT
// What clients may not have is refused, with a code and a sentence, and what they have goes on.
#include "allowed_directories.hpp"
#include "raw_client.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

using namespace ufomem;
using namespace ufomem::service;

namespace {

/// What somebody hears who is not admitted.
Code turned_away(const std::string &path)
{
    RawClient raw;
    if (!raw.connect(path))
        return Code::system;
    std::byte room[most_message_bytes];
    Result<kernel::UnixSocket::Received> received = raw.socket.receive(room);
    if (!received.ok() || received->size != sizeof(Failed))
        return Code::system;
    return report(read_as<Failed>(std::span(room).first(received->size))).code;
}

void clients_are_limited(const Limits &limits)
{
    ServiceOptions options;
    options.limits = limits;
    Service service(options);
    Process process([&] {
        RawClient first;
        RawClient second;
        CHECK(first.connect(service.path()) && first.greet());
        CHECK(second.connect(service.path()) && second.greet());
        CHECK(turned_away(service.path()) == Code::limit);
        for (int i = 0; i < 100; ++i) // whether the service hangs up before or after it was greeted
            CHECK(Client::connect(service.path(), {}).status().code == Code::limit);
        CHECK(eventually([&] { return service.notes().clients.load() == 2; }));
        kernel::File memory;
        CHECK(second.open_array(memory).ok());
        second.socket = kernel::UnixSocket();
        CHECK(eventually([&] { return service.notes().clients.load() == 1; }));
        CHECK(second.connect(service.path()) && second.greet());
        CHECK(first.open_array(memory).ok());
        return 0;
    });
    assert_int_equal(process.wait(), 0);
    assert_int_equal(service.notes().dismissed.load(), 0);
    assert_int_equal(service.end(), 0);
}

void clients(void **)
{
    Limits limits;
    limits.clients = 2;
    clients_are_limited(limits);
}

void clients_of_one_user(void **)
{
    Limits limits;
    limits.clients_per_user = 2;
    clients_are_limited(limits);
}

void mapped_bytes(void **)
{
    ServiceOptions options;
    options.limits.mapped_bytes = 8 * MiB; // two arrays
    Service service(options);
    Process process([&] {
        RawClient raw;
        kernel::File memory;
        CHECK(raw.connect(service.path()) && raw.greet());
        CHECK(raw.open_array(memory).ok() && raw.open_array(memory).ok());
        CHECK(raw.open_array(memory).status().code == Code::limit);
        Detach detach = make<Detach>(3);
        detach.region = 1;
        CHECK(raw.ask<Done>(detach).ok());
        CHECK(raw.open_array(memory).ok());
        RawClient other; // has its own
        CHECK(other.connect(service.path()) && other.greet() && other.open_array(memory).ok());
        return 0;
    });
    assert_int_equal(process.wait(), 0);
    assert_int_equal(service.end(), 0);
}

Result<Opened> open_file(RawClient &raw, const std::string &path, std::size_t chunk_bytes = 0)
{
    OpenFile request = make<OpenFile>(7);
    request.chunk_bytes = chunk_bytes;
    const kernel::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    kernel::File memory;
    return raw.ask<Opened>(request, file.descriptor(), &memory);
}

void chunk_bytes_of_files(void **)
{
    ServiceOptions options;
    options.file_chunk_bytes = 128 * KiB;
    Service service(options);
    const std::string one = service.folder().pattern_file("one", MiB);
    const std::string other = service.folder().pattern_file("other", MiB);
    Process process([&] {
        RawClient raw;
        CHECK(raw.connect(service.path()) && raw.greet());
        Result<Opened> opened = open_file(raw, one);
        CHECK(opened.ok() && opened->chunk_bytes == 128 * KiB);
        opened = open_file(raw, other, 4 * KiB);
        CHECK(opened.ok() && opened->chunk_bytes == 4 * KiB);
        return 0;
    });
    assert_int_equal(process.wait(), 0);
    assert_int_equal(service.end(), 0);
}

/// A folder with an allowed directory and one beside it, of which the first one's name is a part.
class Directories {
  public:
    Directories() : allowed_(folder_.file("allowed")), beside_(folder_.file("allowed-not"))
    {
        if (mkdir(allowed_.c_str(), 0700) != 0 || mkdir(beside_.c_str(), 0700) != 0)
            fail_test("cannot make directories\n");
    }
    Directories(const Directories &) = delete;
    Directories &operator=(const Directories &) = delete;
    ~Directories()
    {
        for (const std::string &file : files_)
            unlink(file.c_str());
        for (const std::string &directory : {allowed_ + "-renamed", allowed_, beside_})
            rmdir(directory.c_str());
    }
    const std::string &allowed() const { return allowed_; }
    std::string in_allowed(const char *name) { return file(allowed_ + "/" + name); }
    std::string beside(const char *name) { return file(beside_ + "/" + name); }
    /// For what becomes of it.
    std::string file(const std::string &path)
    {
        files_.push_back(path);
        return path;
    }

  private:
    Folder folder_;
    std::string allowed_;
    std::string beside_;
    std::vector<std::string> files_;
};

bool make_file(const std::string &path)
{
    const kernel::File file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    return file && ftruncate(file.descriptor(), MiB) == 0;
}

void files_outside_of_allowed_directories(void **)
{
    Directories directories;
    const std::string inside = directories.in_allowed("inside");
    const std::string outside = directories.beside("outside");
    const std::string link_inside = directories.in_allowed("link");
    const std::string link_outside = directories.beside("link");
    const std::string moving = directories.in_allowed("moving");
    const std::string moved = directories.beside("moved");
    assert_true(make_file(inside) && make_file(outside) && make_file(moving));
    assert_int_equal(symlink(outside.c_str(), link_inside.c_str()), 0);
    assert_int_equal(symlink(inside.c_str(), link_outside.c_str()), 0);
    ServiceOptions options;
    options.directories = {directories.allowed()};
    Service service(options);
    Process process([&] {
        RawClient raw;
        CHECK(raw.connect(service.path()) && raw.greet());
        CHECK(open_file(raw, inside).ok());
        CHECK(open_file(raw, link_outside).ok()); // what counts is the file
        CHECK(open_file(raw, outside).status().code == Code::permission);
        CHECK(open_file(raw, link_inside).status().code == Code::permission);
        CHECK(open_file(raw, directories.allowed() + "/../allowed-not/outside").status().code == Code::permission);

        OpenFile request = make<OpenFile>(8);
        const kernel::File file(open(moving.c_str(), O_RDONLY));
        CHECK(rename(moving.c_str(), moved.c_str()) == 0);
        CHECK(raw.ask<Opened>(request, file.descriptor()).status().code == Code::permission);
        CHECK(rename(moved.c_str(), moving.c_str()) == 0);
        CHECK(raw.ask<Opened>(request, file.descriptor()).ok());
        CHECK(unlink(moving.c_str()) == 0);
        CHECK(raw.ask<Opened>(request, file.descriptor()).status().code == Code::permission);
        CHECK(make_file(moving)); // another one by the same name
        CHECK(raw.ask<Opened>(request, file.descriptor()).status().code == Code::permission);
        CHECK(make_file(directories.file(moving + " (deleted)"))); // what the kernel calls a file without a name
        CHECK(unlink(moving.c_str()) == 0);
        CHECK(raw.ask<Opened>(request, file.descriptor()).status().code == Code::permission);

        CHECK(rename(directories.allowed().c_str(), (directories.allowed() + "-renamed").c_str()) == 0);
        CHECK(open_file(raw, directories.file(directories.allowed() + "-renamed/inside"))
                  .ok()); // it is the same directory
        return 0;
    });
    assert_int_equal(process.wait(), 0);
    directories.file(directories.allowed() + "-renamed/link");
    directories.file(directories.allowed() + "-renamed/moving (deleted)");
    assert_int_equal(service.end(), 0);
}

void missing_directories_cannot_be_allowed(void **)
{
    Folder folder;
    Process process([&] {
        Server::Options options;
        Core::Options of_core;
        of_core.budget = 4 * MiB;
        Result<std::shared_ptr<Core>> core = Core::make(of_core);
        CHECK(core.ok());
        options.core = *core;
        options.path = folder.file("socket");
        options.directories = {folder.path() + "/missing"};
        CHECK(Server::start(options).status().code == Code::file);
        return 0;
    });
    assert_int_equal(process.wait(), 0);
}

/// A sandbox that says there is no openat2 is told of, and what cannot be checked is not shared.
void a_sandbox_without_openat2(void **)
{
    Directories directories;
    const std::string inside = directories.in_allowed("inside");
    assert_true(make_file(inside));
    Process process([&] {
        Result<AllowedDirectories> allowed = AllowedDirectories::open({directories.allowed()});
        const kernel::File file(open(inside.c_str(), O_RDONLY));
        CHECK(allowed.ok() && allowed->check(file).ok());
        sock_filter filter[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const sock_fprog program{std::size(filter), filter};
        CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
        CHECK(allowed->check(file).code == Code::permission);
        CHECK(std::string(last_error()).find("openat2") != std::string::npos);
        return 0;
    });
    assert_int_equal(process.wait(), 0);
}

/// Without descriptors left nobody is admitted; those who are there are served, but for what would take another one, and whoever has knocked is let in
/// later.
void descriptors_run_out(void **)
{
#if defined(__SANITIZE_ADDRESS__)
    skip(); // UBSan, in the same build, makes pipes to look at memory
#endif
    Service service;
    const std::string path = service.folder().pattern_file("file", MiB);
    Common<std::atomic<int>> turn;
    Process early([&] {
        Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
        CHECK(client.ok());
        Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("array");
        CHECK(region.ok());
        turn->store(1);
        CHECK(eventually([&] { return turn->load() == 2; }));
        const kernel::File file(open(path.c_str(), O_RDONLY));
        CHECK(file && (*client)->open_file(file.descriptor()).status().code == Code::limit);
        CHECK(std::string(last_error()).find("descriptor") != std::string::npos);
        CHECK(is_pattern((*region)->data(), 0, (*region)->bytes()));
        return 0;
    });
    assert_true(eventually([&] { return turn->load() == 1; }));
    rlimit limit{};
    assert_int_equal(prlimit(service.process().id(), RLIMIT_NOFILE, nullptr, &limit), 0);
    const rlimit none{3, limit.rlim_max};
    assert_int_equal(prlimit(service.process().id(), RLIMIT_NOFILE, &none, nullptr), 0);
    Process late([&] {
        RawClient raw;
        CHECK(raw.connect(service.path()) && raw.greet());
        kernel::File memory;
        CHECK(raw.open_array(memory).ok());
        return 0;
    });
    pause_ms(50);
    turn->store(2);
    assert_int_equal(early.wait(), 0);
    assert_int_equal(service.notes().dismissed.load(), 0);
    assert_int_equal(prlimit(service.process().id(), RLIMIT_NOFILE, &limit, nullptr), 0);
    assert_int_equal(late.wait(), 0);
    assert_int_equal(service.end(), 0);
}

} // namespace

int main()
{
    if (!can_serve())
        return 77;
    const CMUnitTest tests[] = {
        cmocka_unit_test(clients),
        cmocka_unit_test(clients_of_one_user),
        cmocka_unit_test(mapped_bytes),
        cmocka_unit_test(chunk_bytes_of_files),
        cmocka_unit_test(files_outside_of_allowed_directories),
        cmocka_unit_test(missing_directories_cannot_be_allowed),
        cmocka_unit_test(a_sandbox_without_openat2),
        cmocka_unit_test(descriptors_run_out),
    };
    return RUN(tests);
}
