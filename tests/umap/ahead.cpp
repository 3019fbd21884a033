// SPDX-License-Identifier: MIT
// umap_prefetch() and umap_fetch_and_pin().
#include "umap_support.hpp"

#include <atomic>
#include <vector>

namespace {

constexpr std::size_t page = 16 * KIB;
constexpr std::size_t length = 256 * page;
constexpr std::size_t buffer = 64;

class Counted : public Umap::Store {
  public:
    ssize_t read_from_store(char *bytes, std::size_t count, off_t offset) override
    {
        pattern_fill(bytes, static_cast<std::size_t>(offset), count);
        reads[static_cast<std::size_t>(offset) / page]++;
        return static_cast<ssize_t>(count);
    }
    ssize_t write_to_store(char *, std::size_t, off_t) override { return -1; }

    std::atomic<int> reads[length / page] = {};
};

bool eventually_read(const Counted &store, std::size_t number)
{
    for (int i = 0; i < 10'000 && store.reads[number] == 0; i++)
        sleep_ms(1);
    return store.reads[number] != 0;
}

char *map_store(Counted &store)
{
    void *region = Umap::umap_ex(NULL, length, PROT_READ, UMAP_PRIVATE, -1, 0, &store);
    assert_ptr_not_equal(region, UMAP_FAILED);
    return static_cast<char *>(region);
}

void prefetch(void **)
{
    begin_mapping();
    Counted store;
    char *bytes = map_store(store);
    std::vector<umap_prefetch_item> items;
    for (const std::size_t number : {5, 6, 7, 40, 255})
        items.push_back({bytes + number * page});
    umap_prefetch(static_cast<int>(items.size()), items.data());
    for (const std::size_t number : {5, 6, 7, 40, 255})
        assert_true(eventually_read(store, number));
    for (const std::size_t number : {0, 4, 8, 39, 41, 254})
        assert_int_equal(store.reads[number], 0);
    assert_pattern(bytes + 5 * page, 5 * page, 3 * page);
    for (const std::size_t number : {5, 6, 7})
        assert_int_equal(store.reads[number], 1);

    umap_prefetch_item nowhere[] = {{NULL}, {bytes + 100 * page + 17}, {&store}, {bytes + length}};
    umap_prefetch(4, nowhere);
    assert_true(eventually_read(store, 100));
    umap_prefetch(0, NULL);
    errno = 0;
    umap_prefetch(3, NULL);
    assert_int_equal(errno, EINVAL);
    errno = 0;
    umap_prefetch(-3, items.data());
    assert_int_equal(errno, EINVAL);
    assert_int_equal(uunmap(bytes, length), 0);
}

void pinned(void **)
{
    begin_mapping();
    Counted store;
    char *bytes = map_store(store);
    umap_fetch_and_pin(bytes + 10 * page, 20 * page);
    assert_int_equal(errno, 0);
    for (std::size_t number = 10; number < 30; number++)
        assert_int_equal(store.reads[number], 1);
    assert_pattern(bytes, 0, length); // four times the buffer
    assert_int_equal(resident_bytes(bytes + 10 * page, 20 * page), 20 * page);
    assert_pattern(bytes + 10 * page, 10 * page, 20 * page);
    for (std::size_t number = 10; number < 30; number++)
        assert_int_equal(store.reads[number], 1);

    umap_fetch_and_pin(bytes, length); // more than there is room for
    assert_int_equal(errno, ENOMEM);
    umap_fetch_and_pin(bytes + length - page, 2 * page);
    assert_int_equal(errno, EINVAL);
    umap_fetch_and_pin(NULL, page);
    assert_int_equal(errno, EINVAL);
    assert_pattern(bytes, 0, length);
    assert_int_equal(uunmap(bytes, length), 0);
    assert_errno(msync(bytes, length, MS_ASYNC), -1, ENOMEM); // pins do not keep it
}

} // namespace

int main()
{
    setenv("UMAP_PAGESIZE", std::to_string(page).c_str(), 1);
    setenv("UMAP_BUFSIZE", std::to_string(buffer).c_str(), 1);
    const CMUnitTest tests[] = {cmocka_unit_test(prefetch), cmocka_unit_test(pinned)};
    return RUN(tests);
}
