// SPDX-License-Identifier: MIT
// A file by way of the page cache, and past it.
#include "unit/unit.hpp"

#include "kernel/disk_file.hpp"
#include "kernel/memory.hpp"

#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace ufomem;
using kernel::DiskFile;

namespace {

constexpr std::size_t size = 64 * 1024;
constexpr std::uint64_t limit = 160 * 1024 * 1024; // little is what is below 10 MiB
constexpr std::uint64_t little = limit / 16 - 1, enough = limit / 16;

struct Pages {
    std::byte *bytes = static_cast<std::byte *>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ~Pages() { munmap(bytes, size); }
    void fill(int value) { std::fill_n(bytes, size, static_cast<std::byte>(value)); }
    bool are(int value) const
    {
        return std::all_of(bytes, bytes + size, [value](std::byte byte) { return byte == static_cast<std::byte>(value); });
    }
};

/// A file without a name on a disk, and the path of its description.
struct Disk {
    explicit Disk(std::uint64_t limited) : file(limited)
    {
        const char *base = std::getenv("TMPDIR");
        for (const char *folder : {base ? base : "/var/tmp", "/var/tmp", "."}) {
            kernel::File made(open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
            if (!made || made.is_in_memory())
                continue;
            file.open(std::move(made));
            file.open_unbuffered(kernel::DescriptorPath(file.buffered()).c_str(), O_RDWR);
            return;
        }
    }
    bool can() const { return file.has_unbuffered(); }
    std::size_t cached() const
    {
        void *view = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.buffered().descriptor(), 0);
        assert_ptr_not_equal(view, MAP_FAILED);
        std::vector<unsigned char> pages(size / kernel::page_size());
        assert_int_equal(mincore(view, size, pages.data()), 0);
        munmap(view, size);
        return static_cast<std::size_t>(std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return (page & 1) != 0; }));
    }
    void write(const std::byte *data, std::size_t bytes = size, std::uint64_t offset = 0)
    {
        int error = -1;
        assert_int_equal(file.write_at(offset, data, bytes, error), bytes);
        assert_int_equal(error, 0);
    }
    void read(std::byte *out, std::size_t bytes = size, std::uint64_t offset = 0)
    {
        int error = -1;
        assert_int_equal(file.read_at(offset, out, bytes, error), bytes);
        assert_int_equal(error, 0);
    }
    DiskFile file;
};

#define DISK_OR_SKIP(disk)                                                                                                                           \
    if (!(disk).can())                                                                                                                               \
    skip()

void nothing_stays_in_the_page_cache_until_somebody_tells(void **)
{
    Disk disk(limit);
    DISK_OR_SKIP(disk);
    Pages pages;
    pages.fill(1);
    disk.write(pages.bytes);
    assert_int_equal(disk.cached(), 0);
    pages.fill(0);
    disk.read(pages.bytes);
    assert_true(pages.are(1));
    assert_int_equal(disk.cached(), 0);
}

void with_enough_memory_the_page_cache_is_used_and_with_little_it_is_not(void **)
{
    Disk disk(limit);
    DISK_OR_SKIP(disk);
    Pages pages;
    disk.file.heed(enough);
    pages.fill(1);
    disk.write(pages.bytes);
    assert_int_equal(disk.cached(), size / kernel::page_size());
    disk.file.heed(little);
    disk.read(pages.bytes); // what the cache has is newer than the disk
    assert_true(pages.are(1));
    pages.fill(2);
    disk.write(pages.bytes);
    assert_int_equal(disk.cached(), 0);
    disk.file.heed(enough);
    pages.fill(0);
    disk.read(pages.bytes);
    assert_true(pages.are(2));
    assert_true(disk.cached() > 0);
}

void parts_of_pages_go_by_way_of_it(void **)
{
    Disk disk(limit);
    DISK_OR_SKIP(disk);
    Pages pages;
    pages.fill(1);
    disk.write(pages.bytes);
    pages.fill(2);
    disk.write(pages.bytes, 10, 5);        // the offset
    disk.write(pages.bytes + 1, 4096, 8192); // the memory
    disk.write(pages.bytes, 100, 16384);     // the length
    disk.read(pages.bytes);
    for (std::size_t at = 0; at < size; ++at) {
        const bool changed = (at >= 5 && at < 15) || (at >= 8192 && at < 8192 + 4096) || (at >= 16384 && at < 16484);
        assert_int_equal(static_cast<int>(pages.bytes[at]), changed ? 2 : 1);
    }
}

void the_end_of_the_file_is_no_error(void **)
{
    Disk disk(limit);
    DISK_OR_SKIP(disk);
    Pages pages;
    pages.fill(1);
    disk.write(pages.bytes, 4096 + 100);
    int error = -1;
    assert_int_equal(disk.file.read_at(0, pages.bytes, size, error), 4096 + 100);
    assert_int_equal(error, 0);
    assert_int_equal(disk.file.read_at(size, pages.bytes, size, error), 0);
    assert_int_equal(error, 0);
}

void without_a_second_description_there_is_the_page_cache(void **)
{
    Pages pages;
    Disk disk(limit);
    disk.file.open_unbuffered("/there/is/no/such/file", O_RDWR);
    assert_false(disk.file.has_unbuffered());
    if (!disk.file)
        skip();
    pages.fill(3);
    disk.write(pages.bytes);
    assert_int_equal(disk.cached(), size / kernel::page_size());
    disk.read(pages.bytes);
    assert_true(pages.are(3));
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(nothing_stays_in_the_page_cache_until_somebody_tells),
        cmocka_unit_test(with_enough_memory_the_page_cache_is_used_and_with_little_it_is_not),
        cmocka_unit_test(parts_of_pages_go_by_way_of_it),
        cmocka_unit_test(the_end_of_the_file_is_no_error),
        cmocka_unit_test(without_a_second_description_there_is_the_page_cache),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
