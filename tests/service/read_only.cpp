// SPDX-License-Identifier: MIT
// No client can change what the others read: not through its mapping, not through its descriptor, not through /proc.
#include "raw_client.hpp"

#include <grp.h>

using namespace ufomem;
using namespace ufomem::service;
using kernel::SharedFile;

namespace {

std::string proc_path(const kernel::File &file) { return "/proc/self/fd/" + std::to_string(file.descriptor()); }

/// Everything that a descriptor might be good for besides reading.
int cannot_change(const kernel::File &file)
{
    CHECK(write(file.descriptor(), "x", 1) < 0);
    CHECK(pwrite(file.descriptor(), "x", 1, 0) < 0);
    CHECK(ftruncate(file.descriptor(), 0) != 0);
    CHECK(fallocate(file.descriptor(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) != 0);
    CHECK(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor(), 0) == MAP_FAILED);
    void *const shared = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file.descriptor(), 0);
    CHECK(shared != MAP_FAILED);
    CHECK(mprotect(shared, 4096, PROT_READ | PROT_WRITE) != 0);
    CHECK(madvise(shared, 4096, MADV_REMOVE) != 0);
    for (const int flags : {O_RDWR, O_WRONLY, O_RDWR | O_TRUNC, O_RDONLY | O_TRUNC})
        CHECK(open(proc_path(file).c_str(), flags | O_CLOEXEC) < 0);
    return 0;
}

void shared_file_is_guarded_by_its_mount(void **)
{
    Process process([] {
        Result<SharedFile> file = SharedFile::make(MiB);
        CHECK(file.ok());
        if (file->guard() != SharedFile::Guard::read_only_mount)
            return 77;
        const std::byte data[4096] = {std::byte{7}};
        CHECK(pwrite(file->writable().descriptor(), data, sizeof data, 0) == sizeof data);
        CHECK(fchmod(file->readable().descriptor(), 0666) != 0); // root's, too
        return cannot_change(file->readable());
    });
    const int answer = process.wait();
    if (answer == 77)
        std::fprintf(stderr, "a file system of one's own needs CAP_SYS_ADMIN\n");
    else
        assert_int_equal(answer, 0);
}

/// To others than its owner, that is: what a service of a user of its own has clients that are.
void shared_file_is_guarded_by_its_mode(void **)
{
    Process process([] {
        Result<SharedFile> file = SharedFile::make(MiB, SharedFile::Guard::file_mode);
        CHECK(file.ok());
        CHECK(file->guard() == SharedFile::Guard::file_mode);
        const std::byte data[4096] = {std::byte{7}};
        CHECK(pwrite(file->writable().descriptor(), data, sizeof data, 0) == sizeof data);
        if (geteuid() != 0)
            return cannot_change(file->readable());
        constexpr uid_t nobody = 65534;
        const kernel::File given(dup(file->readable().descriptor()));
        *file = SharedFile(); // a client has the other descriptor only
        CHECK(setgroups(0, nullptr) == 0 && setgid(nobody) == 0 && setuid(nobody) == 0);
        CHECK(fchmod(given.descriptor(), 0666) != 0);
        return cannot_change(given);
    });
    assert_int_equal(process.wait(), 0);
}

void shared_file_keeps_its_size_and_makes_holes(void **)
{
    for (const SharedFile::Guard guard : {SharedFile::Guard::read_only_mount, SharedFile::Guard::file_mode}) {
        Result<SharedFile> file = SharedFile::make(4 * MiB, guard);
        assert_ok(file);
        std::vector<std::byte> data(4 * MiB, std::byte{7});
        assert_int_equal(pwrite(file->writable().descriptor(), data.data(), data.size(), 0), data.size());
        struct stat info {};
        assert_int_equal(fstat(file->readable().descriptor(), &info), 0);
        assert_int_equal(info.st_size, 4 * MiB);
        assert_int_equal(info.st_blocks * 512, 4 * MiB);
        assert_ok(file->punch(2 * MiB, 2 * MiB)); // of large pages none in part
        assert_int_equal(fstat(file->readable().descriptor(), &info), 0);
        assert_int_equal(info.st_blocks * 512, 2 * MiB);
    }
}

void clients_cannot_change_what_they_read(void **)
{
    Service service;
    Process writer([&] {
        RawClient raw;
        CHECK(raw.connect(service.path()) && raw.greet());
        kernel::File memory;
        CHECK(raw.open_array(memory).ok());
        if (geteuid() == 0) {
            struct stat info {};
            CHECK(fstat(memory.descriptor(), &info) == 0);
            if (fchmod(memory.descriptor(), 0400) == 0) // no mount of its own: root can do everything, as elsewhere
                return 77;
        }
        return cannot_change(memory);
    });
    const int answer = writer.wait();
    assert_true(answer == 0 || answer == 77);
    assert_int_equal(service.end(), 0);
}

void stores_are_refused_or_private(void **)
{
    Service service;
    Process writer([&] {
        Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
        CHECK(client.ok());
        Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("array");
        CHECK(region.ok());
        auto *const data = const_cast<std::byte *>((*region)->data());
        std::uint8_t value = 0;
        CHECK(guarded_load(data, value) == 0 && value == pattern(0));
        CHECK(guarded_store(data, 0) == SIGSEGV && guarded_store(data + MiB, 0) == SIGSEGV);
        Process child([data, &value] { return guarded_load(data, value); }); // which does not inherit the mapping, and sees no zeros
        CHECK(child.wait() == SIGSEGV);
        // A program that insists writes to a copy of its own.
        CHECK(mprotect(data, 4 * MiB, PROT_READ | PROT_WRITE) == 0);
        for (std::size_t at = 0; at < 4 * MiB; at += 4096)
            const_cast<volatile std::byte &>(data[at]) = std::byte{0};
        return 0;
    });
    assert_int_equal(writer.wait(), 0);
    Process reader([&] {
        Result<std::shared_ptr<Client>> client = Client::connect(service.path(), {});
        CHECK(client.ok());
        Result<std::unique_ptr<ClientRegion>> region = (*client)->open_name("array");
        CHECK(region.ok());
        CHECK(is_pattern((*region)->data(), 0, (*region)->bytes()));
        return 0;
    });
    assert_int_equal(reader.wait(), 0);
    assert_int_equal(service.end(), 0);
}

} // namespace

int main()
{
    if (!can_serve())
        return 77;
    const CMUnitTest tests[] = {
        cmocka_unit_test(shared_file_is_guarded_by_its_mount),        cmocka_unit_test(shared_file_is_guarded_by_its_mode),
        cmocka_unit_test(shared_file_keeps_its_size_and_makes_holes), cmocka_unit_test(clients_cannot_change_what_they_read),
        cmocka_unit_test(stores_are_refused_or_private),
    };
    return RUN(tests);
}
