// SPDX-License-Identifier: MIT
// Regions on files: what is seen, what is written, and what is refused.
#include "umap_support.hpp"

#include <vector>

namespace {

constexpr std::size_t page = 16 * KIB;
constexpr std::size_t length = 32 * page;

unsigned char byte_of(const char *path, std::size_t offset)
{
    unsigned char byte = 0;
    assert_int_equal(pread(Opened{path, O_RDONLY}, &byte, 1, static_cast<off_t>(offset)), 1);
    return byte;
}

void several_regions(void **)
{
    begin_mapping();
    std::vector<const char *> paths;
    std::vector<unsigned char *> regions;
    for (unsigned char i = 0; i < 8; i++) {
        paths.push_back(temp_file(length));
        regions.push_back(map_file(paths.back(), length)); // the descriptor is closed again
    }
    for (std::size_t at = 0; at < length; at += page / 2)
        for (unsigned char i = 0; i < 8; i++)
            regions[i][at] = i;
    for (unsigned char i = 0; i < 8; i += 2)
        assert_int_equal(uunmap(regions[i], length), 0);
    assert_int_equal(umap_flush(), 0);
    for (unsigned char i = 0; i < 8; i++) {
        for (std::size_t at = 0; at < length; at += page / 2) {
            assert_int_equal(byte_of(paths[i], at), i);
            assert_int_equal(byte_of(paths[i], at + 1), pattern(at + 1));
        }
        if (i % 2 == 1)
            assert_int_equal(uunmap(regions[i], length), 0);
    }
}

void from_an_offset(void **)
{
    begin_mapping();
    const char *path = temp_file(length);
    const std::size_t offset = 3 * page_size();
    unsigned char *bytes = map_file(path, 4 * page, PROT_READ | PROT_WRITE, static_cast<off_t>(offset));
    assert_pattern(bytes, offset, 4 * page);
    bytes[0] = 200;
    assert_int_equal(uunmap(bytes, 4 * page), 0);
    assert_int_equal(byte_of(path, offset), 200);
    assert_int_equal(byte_of(path, 0), pattern(0));
}

/// Pages are rounded up, files are not.
void no_longer_than_wanted(void **)
{
    begin_mapping();
    const std::size_t odd = 2 * page + 1234;
    const char *path = temp_file(odd);
    unsigned char *bytes = map_file(path, odd);
    assert_pattern(bytes, 0, odd);
    assert_true(all_zero(bytes + odd, 3 * page - odd));
    bytes[odd - 1] = 77;
    bytes[odd] = 78; // nobody's
    assert_int_equal(uunmap(bytes, odd), 0);
    assert_int_equal(file_size(path), odd);
    assert_int_equal(byte_of(path, odd - 1), 77);
}

void direct_and_odd(void **)
{
    begin_mapping();
    const std::size_t odd = 2 * page + 1234;
    const int file = temp_direct_file(3 * page);
    if (file < 0)
        SKIP_TEST("no file system here knows O_DIRECT");
    assert_int_equal(ftruncate(file, static_cast<off_t>(odd)), 0);
    for (int round = 0; round < 2; round++) {
        void *region = umap(NULL, odd, PROT_READ | PROT_WRITE, UMAP_PRIVATE, file, 0);
        assert_ptr_not_equal(region, UMAP_FAILED);
        auto *bytes = static_cast<unsigned char *>(region);
        assert_pattern(bytes + 1, 1, odd - 2);
        assert_int_equal(bytes[odd - 1], round == 0 ? pattern(odd - 1) : 77);
        bytes[odd - 1] = 77;
        bytes[0] = 76;
        assert_int_equal(uunmap(region, odd), 0);
    }
    struct stat status{};
    assert_int_equal(fstat(file, &status), 0);
    assert_int_equal(status.st_size, odd);
    close(file);
}

/// As programs do that ask for whole pages of a file whose length they do not know, or that begin with an empty one.
void beyond_the_end(void **)
{
    begin_mapping();
    const std::size_t odd = page + 100;
    const char *path = temp_file(odd);
    unsigned char *bytes = map_file(path, 2 * page, PROT_READ);
    assert_pattern(bytes, 0, odd);
    assert_true(all_zero(bytes + odd, 2 * page - odd));
    assert_int_equal(uunmap(bytes, 2 * page), 0);

    path = temp_file(0);
    bytes = map_file(path, 8 * page);
    assert_true(all_zero(bytes, 8 * page));
    bytes[5 * page] = 9;
    bytes[page] = 8;
    assert_int_equal(uunmap(bytes, 8 * page), 0);
    assert_int_equal(byte_of(path, 5 * page), 9);
    assert_int_equal(byte_of(path, page), 8);
    assert_int_equal(byte_of(path, 0), 0);
}

void cut_short(void **)
{
    begin_mapping();
    const char *path = temp_file(length);
    unsigned char *bytes = map_file(path, length, PROT_READ);
    assert_int_equal(truncate(path, 4 * page), 0);
    std::uint8_t value = 0;
    const std::string messages = messages_of([&] { assert_int_equal(guarded_read(bytes + 20 * page, &value), SIGBUS); });
    assert_true(contains(messages, "the mapped file ends at byte"));
    assert_int_equal(guarded_read(bytes, &value), 0);
    assert_int_equal(value, pattern(0));
    assert_int_equal(uunmap(bytes, length), 0);
}

void read_only(void **)
{
    begin_mapping();
    const char *path = temp_file(length);
    unsigned char *bytes = map_file(path, length, PROT_READ);
    assert_int_not_equal(guarded_write(bytes + 5, 1), 0);
    assert_int_equal(bytes[6], pattern(6));
    assert_int_equal(uunmap(bytes, length), 0);
    assert_int_equal(file_pattern_mismatch(path, 0, length), length);
}

void refused(void **)
{
    begin_mapping();
    const char *path = temp_file(length);
    const Opened file(path), reading(path, O_RDONLY), writing(path, O_WRONLY), folder("/tmp", O_RDONLY);
    const int rw = PROT_READ | PROT_WRITE;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_errno(umap(NULL, 0, rw, UMAP_PRIVATE, file, 0), UMAP_FAILED, EINVAL);
    assert_errno(umap(NULL, SIZE_MAX, rw, UMAP_PRIVATE, file, 0), UMAP_FAILED, ENOMEM);
    assert_errno(umap(NULL, length, PROT_NONE, UMAP_PRIVATE, file, 0), UMAP_FAILED, EINVAL);
    assert_errno(umap(NULL, length, rw | PROT_EXEC, UMAP_PRIVATE, file, 0), UMAP_FAILED, EINVAL);
    assert_errno(umap(NULL, length, rw, 0, file, 0), UMAP_FAILED, EINVAL);
    assert_errno(umap(NULL, length, rw, UMAP_PRIVATE | UMAP_SHARED, file, 0), UMAP_FAILED, EINVAL);
    assert_errno(umap(NULL, length, rw, UMAP_PRIVATE | MAP_ANONYMOUS, file, 0), UMAP_FAILED, EINVAL);
    assert_errno(umap(NULL, length, rw, UMAP_PRIVATE, file, 1), UMAP_FAILED, EINVAL);
    assert_errno(umap(NULL, length, rw, UMAP_PRIVATE, file, -4096), UMAP_FAILED, EINVAL);
    assert_errno(umap(NULL, length, rw, UMAP_PRIVATE, file, INT64_MAX & ~4095), UMAP_FAILED, EINVAL);
    assert_errno(umap(NULL, length, rw, UMAP_PRIVATE, -1, 0), UMAP_FAILED, EBADF);
    assert_errno(umap(NULL, length, rw, UMAP_PRIVATE, reading, 0), UMAP_FAILED, EACCES);
    assert_errno(umap(NULL, length, PROT_READ, UMAP_PRIVATE, writing, 0), UMAP_FAILED, EACCES);
    assert_errno(umap(NULL, length, PROT_READ, UMAP_PRIVATE, folder, 0), UMAP_FAILED, ENODEV);
    assert_errno(umap(NULL, length, PROT_READ, UMAP_PRIVATE, ends[0], 0), UMAP_FAILED, ENODEV);
    assert_errno(umap_variable(NULL, length, rw, UMAP_PRIVATE, file, 0, page + 4096), UMAP_FAILED, EINVAL);
    assert_errno(umap_variable(NULL, 4 * GIB, rw, UMAP_PRIVATE, file, 0, 4 * GIB), UMAP_FAILED, ENOMEM);
    close(ends[0]);
    close(ends[1]);

    assert_errno(uunmap(NULL, length), -1, EINVAL);
    unsigned char *bytes = map_file(path, length);
    assert_errno(uunmap(bytes, 0), -1, EINVAL);
    assert_errno(uunmap(bytes, length - page), -1, EINVAL);
    assert_errno(uunmap(bytes, length + 1), -1, EINVAL);
    assert_errno(uunmap(bytes + page, length - page), -1, EINVAL);
    assert_int_equal(bytes[length - 1], pattern(length - 1));
    assert_int_equal(uunmap(bytes, length - page + 1), 0); // to the last page
    assert_errno(uunmap(bytes, length), -1, EINVAL);
}

void pages_of_their_own(void **)
{
    begin_mapping();
    const char *path = temp_file(length);
    const Opened file(path);
    void *region = umap_variable(NULL, length - 5, PROT_READ, UMAP_SHARED, file, 0, 4 * page);
    assert_ptr_not_equal(region, UMAP_FAILED);
    assert_int_equal(reinterpret_cast<std::uintptr_t>(region) % (4 * page), 0);
    errno = 0;
    umap_adapt_pagesize(region, 8 * page);
    assert_int_equal(errno, 0);
    umap_adapt_pagesize(region, page + 1);
    assert_int_equal(errno, EINVAL);
    assert_pattern(region, 0, length - 5);
    assert_int_equal(uunmap(region, length - 5), 0);
}

/// Nothing of a region is left: not its descriptor, not its memory.
void given_back(void **)
{
    begin_mapping();
    const char *path = temp_file(length);
    assert_int_equal(uunmap(map_file(path, length), length), 0); // from here on the core is there
    const int next = dup(0);
    close(next);
    for (int i = 0; i < 50; i++) {
        unsigned char *bytes = map_file(path, length);
        bytes[3] = pattern(3);
        umap_fetch_and_pin(reinterpret_cast<char *>(bytes), 2 * page);
        assert_int_equal(errno, 0);
        assert_int_equal(uunmap(bytes, length), 0);
        assert_errno(msync(bytes, length, MS_ASYNC), -1, ENOMEM); // not mapped
    }
    const int after = dup(0);
    close(after);
    assert_int_equal(after, next);
}

} // namespace

int main()
{
    setenv("UMAP_PAGESIZE", "16384", 1);
    setenv("UMAP_BUFSIZE", "24", 1);
    const CMUnitTest tests[] = {
        cmocka_unit_test(several_regions), cmocka_unit_test(from_an_offset), cmocka_unit_test(no_longer_than_wanted), cmocka_unit_test(direct_and_odd),
        cmocka_unit_test(beyond_the_end),  cmocka_unit_test(cut_short),      cmocka_unit_test(read_only),             cmocka_unit_test(refused),
        cmocka_unit_test(pages_of_their_own), cmocka_unit_test(given_back),
    };
    return RUN(tests);
}
