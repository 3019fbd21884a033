// SPDX-License-Identifier: MIT
// Unless UMAP_BUFSIZE says how large the buffer is, it follows the memory that is available.
#include "umap_support.hpp"

#include <cstddef>
#include <cstdio>
#include <cstring>

namespace {

constexpr std::size_t step = GIB;
constexpr std::size_t most_steps = 4;

std::uint64_t buffer() { return umapcfg_get_max_pages_in_buffer() * page_size(); }

template <class Condition> bool within_seconds(unsigned seconds, Condition condition)
{
    for (unsigned i = 0; i < 10 * seconds && !condition(); i++)
        sleep_ms(100);
    return condition();
}

/// Others take and give back memory at the same time, and the buffer does not follow changes of less than a hundredth: more is taken until it shows
/// clearly, and what comes back need not be more than a part of it.
int follows(void *)
{
    setenv("UMAP_BUFADAPT_FREQ", "1", 1);
    const Opened file(temp_file(4096));
    CHILD_CHECK(umap(NULL, 4096, PROT_READ, UMAP_PRIVATE, file, 0) != UMAP_FAILED);
    void *memory = mmap(nullptr, most_steps * step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHILD_CHECK(memory != MAP_FAILED);
    const std::uint64_t before = buffer();
    std::size_t taken = 0;
    const auto has_fallen = [&] { return buffer() <= before - step; };
    for (; taken < most_steps * step && !has_fallen(); taken += step) {
        std::memset(static_cast<std::byte *>(memory) + taken, 1, step);
        within_seconds(10, has_fallen);
    }
    const std::uint64_t less = buffer();
    munmap(memory, most_steps * step);
    const bool rises = within_seconds(60, [&] { return buffer() >= less + taken / 4; });
    if (less > before - step || !rises)
        std::fprintf(stderr, "the buffer went from %llu to %llu and %llu bytes, when %zu were taken and given back\n", static_cast<unsigned long long>(before),
                     static_cast<unsigned long long>(less), static_cast<unsigned long long>(buffer()), taken);
    CHILD_CHECK(less <= before - step);
    CHILD_CHECK(rises);
    return 0;
}

void follows_memory(void **)
{
    begin_test(130);
    if (static_cast<std::uint64_t>(sysconf(_SC_AVPHYS_PAGES)) * page_size() < 2 * most_steps * step)
        SKIP_TEST("less than 8 GiB of memory are free");
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
