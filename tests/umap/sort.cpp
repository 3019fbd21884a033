// SPDX-License-Identifier: MIT
// Numbers are written to a file through a region larger than its buffer, sorted there by several threads, and found sorted in the file.
#include "umap_support.hpp"

#include <algorithm>
#include <thread>

namespace {

constexpr std::uint64_t pages = 64;
std::uint64_t page_bytes;
std::uint64_t count;

/// A half for each.
template <class Body> void by_two_threads(Body body)
{
    std::thread first(body, 0, count / 2);
    std::thread second(body, count / 2, count);
    first.join();
    second.join();
}

void fill_and_sort(int file)
{
    void *region = umap(NULL, count * sizeof(std::uint64_t), PROT_READ | PROT_WRITE, UMAP_PRIVATE, file, 0);
    assert_ptr_not_equal(region, UMAP_FAILED);
    auto *numbers = static_cast<std::uint64_t *>(region);
    by_two_threads([=](std::uint64_t from, std::uint64_t to) {
        for (std::uint64_t i = from; i < to; i++)
            numbers[i] = count - i;
    });
    assert_int_equal(umap_flush(), 0);
    by_two_threads([=](std::uint64_t from, std::uint64_t to) { std::sort(numbers + from, numbers + to); });
    std::inplace_merge(numbers, numbers + count / 2, numbers + count);
    assert_int_equal(uunmap(region, count * sizeof(std::uint64_t)), 0);
}

void verify(int file)
{
    void *region = umap(NULL, count * sizeof(std::uint64_t), PROT_READ | PROT_WRITE, UMAP_PRIVATE, file, 0);
    assert_ptr_not_equal(region, UMAP_FAILED);
    const auto *numbers = static_cast<std::uint64_t *>(region);
    for (std::uint64_t i = 0; i < count; i++)
        assert_int_equal(numbers[i], i + 1);
    assert_int_equal(uunmap(region, count * sizeof(std::uint64_t)), 0);
}

void configure()
{
    begin_mapping();
    page_bytes = umapcfg_get_umap_page_size() * 2;
    umapcfg_set_umap_page_size(page_bytes);
    umapcfg_set_max_pages_in_buffer(pages / 2);
    count = page_bytes / sizeof(std::uint64_t) * pages;
    assert_int_equal(umapcfg_get_umap_page_size(), page_bytes);
    assert_int_equal(umapcfg_get_max_pages_in_buffer(), pages / 2);
}

void out_of_core(void **)
{
    configure();
    const char *path = temp_name("numbers");
    const Opened file(path, O_RDWR | O_CREAT);
    assert_int_equal(posix_fallocate(file, 0, static_cast<off_t>(count * sizeof(std::uint64_t))), 0);
    fill_and_sort(file);
    verify(file);
    // What a program without UMap sees.
    for (std::uint64_t i = 0; i < count; i += 1000) {
        std::uint64_t number = 0;
        assert_int_equal(pread(file, &number, sizeof number, static_cast<off_t>(i * sizeof number)), sizeof number);
        assert_int_equal(number, i + 1);
    }
    unlink(path);
}

void direct(void **)
{
    configure();
    const int file = temp_direct_file(count * sizeof(std::uint64_t));
    if (file < 0)
        SKIP_TEST("no file system here knows O_DIRECT");
    fill_and_sort(file);
    verify(file);
    close(file);
}

void flushed(void **)
{
    configure();
    const std::size_t length = pages * page_bytes;
    const char *path = temp_file(length);
    unsigned char *bytes = map_file(path, length);
    for (std::size_t at = 0; at < length; at += page_bytes)
        bytes[at + 5] = static_cast<unsigned char>(pattern(at + 5) + 1);
    assert_int_equal(umap_flush(), 0);
    const Opened file(path, O_RDONLY);
    for (std::size_t at = 0; at < length; at += page_bytes) {
        unsigned char byte = 0;
        assert_int_equal(pread(file, &byte, 1, static_cast<off_t>(at + 5)), 1);
        assert_int_equal(byte, static_cast<unsigned char>(pattern(at + 5) + 1));
        assert_int_equal(pread(file, &byte, 1, static_cast<off_t>(at + 6)), 1);
        assert_int_equal(byte, pattern(at + 6));
    }
    assert_int_equal(uunmap(bytes, length), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {cmocka_unit_test(out_of_core), cmocka_unit_test(direct), cmocka_unit_test(flushed)};
    setenv("UMAP_PAGE_FILLERS", "4", 1);
    return RUN(tests);
}
