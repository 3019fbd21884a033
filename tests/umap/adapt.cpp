// SPDX-License-Identifier: MIT
// Unless UMAP_BUFSIZE says how large the buffer is, it follows the memory that is available.
#include "umap_support.hpp"

#include <cstring>

namespace {

constexpr std::size_t taken = GIB;

int follows(void *)
{
    setenv("UMAP_BUFADAPT_FREQ", "1", 1);
    const Opened file(temp_file(4096));
    CHILD_CHECK(umap(NULL, 4096, PROT_READ, UMAP_PRIVATE, file, 0) != UMAP_FAILED);
    const std::uint64_t before = umapcfg_get_max_pages_in_buffer() * page_size();
    void *memory = mmap(nullptr, taken, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHILD_CHECK(memory != MAP_FAILED);
    std::memset(memory, 1, taken);
    for (int i = 0; umapcfg_get_max_pages_in_buffer() * page_size() > before - taken / 2; i++) {
        CHILD_CHECK(i < 300);
        sleep_ms(100);
    }
    munmap(memory, taken);
    for (int i = 0; umapcfg_get_max_pages_in_buffer() * page_size() < before - taken / 2; i++) {
        CHILD_CHECK(i < 300);
        sleep_ms(100);
    }
    return 0;
}

void follows_memory(void **)
{
    begin_test(90);
    if (static_cast<std::uint64_t>(sysconf(_SC_AVPHYS_PAGES)) * page_size() < 4 * taken)
        SKIP_TEST("less than 4 GiB of memory are free");
    assert_int_equal(in_child(follows, nullptr), 0);
}

int stays(void *)
{
    setenv("UMAP_BUFADAPT_FREQ", "1", 1);
    setenv("UMAP_BUFSIZE", "1000", 1);
    const Opened file(temp_file(4096));
    CHILD_CHECK(umap(NULL, 4096, PROT_READ, UMAP_PRIVATE, file, 0) != UMAP_FAILED);
    sleep_ms(2500);
    CHILD_CHECK(umapcfg_get_max_pages_in_buffer() == 1000);
    return 0;
}

void stays_as_told(void **)
{
    begin_test(60);
    assert_int_equal(in_child(stays, nullptr), 0);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {cmocka_unit_test(follows_memory), cmocka_unit_test(stays_as_told)};
    return RUN(tests);
}
