// SPDX-License-Identifier: MIT
// Where regions lie.
#include "umap_support.hpp"

namespace {

constexpr std::size_t length = 4 * MIB;

/// A free range, aligned to 2 MiB.
char *reserve(std::size_t bytes)
{
    void *place = mmap(nullptr, bytes + 2 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(place, MAP_FAILED);
    return reinterpret_cast<char *>((reinterpret_cast<std::uintptr_t>(place) + 2 * MIB - 1) / (2 * MIB) * (2 * MIB));
}

/// Applications find the page of an address by masking it.
void at_multiples_of_the_page(void **)
{
    begin_mapping();
    const char *path = temp_file(length);
    const Opened file(path);
    for (std::size_t page = 4 * KIB; page <= length; page *= 2) {
        umapcfg_set_umap_page_size(page);
        void *regions[8];
        for (void *&region : regions) {
            region = umap(NULL, page, PROT_READ, UMAP_PRIVATE, file, 0);
            assert_ptr_not_equal(region, UMAP_FAILED);
            assert_int_equal(reinterpret_cast<std::uintptr_t>(region) % page, 0);
            assert_pattern(region, 0, page);
        }
        for (void *region : regions)
            assert_int_equal(uunmap(region, page), 0);
    }
    umapcfg_set_umap_page_size(3 * page_size());
    void *region = umap(NULL, length, PROT_READ, UMAP_PRIVATE, file, 0);
    assert_ptr_not_equal(region, UMAP_FAILED);
    assert_int_equal(reinterpret_cast<std::uintptr_t>(region) % (3 * page_size()), 0);
    assert_pattern(region, 0, length);
    assert_int_equal(uunmap(region, length), 0);
    umapcfg_set_umap_page_size(16 * KIB);
}

void fixed(void **)
{
    begin_mapping();
    const char *path = temp_file(length);
    const Opened file(path);
    // In place of a reservation, as with mmap, and of nothing besides.
    char *place = reserve(length + 2 * MIB);
    assert_int_equal(mprotect(place + length, 4096, PROT_READ | PROT_WRITE), 0);
    place[length] = 5;
    assert_ptr_equal(umap(place, length, PROT_READ | PROT_WRITE, UMAP_PRIVATE | UMAP_FIXED, file, 0), place);
    assert_pattern(place, 0, length);
    assert_int_equal(place[length], 5);
    // Never in place of another region.
    assert_errno(umap(place + MIB, length, PROT_READ, UMAP_PRIVATE | UMAP_FIXED, file, 0), UMAP_FAILED, EEXIST);
    assert_errno(umap(place, length, PROT_READ, UMAP_PRIVATE | UMAP_FIXED, file, 0), UMAP_FAILED, EEXIST);
    assert_int_equal(place[length], 5);
    assert_pattern(place, 0, length);
    assert_errno(umap(place + 4096, length, PROT_READ, UMAP_PRIVATE | UMAP_FIXED, file, 0), UMAP_FAILED, EINVAL); // pages have 16 KiB
    assert_errno(umap(NULL, length, PROT_READ, UMAP_PRIVATE | UMAP_FIXED, file, 0), UMAP_FAILED, EINVAL);
    assert_int_equal(uunmap(place, length), 0);
    // Where nothing is.
    assert_ptr_equal(umap(place, length, PROT_READ, UMAP_PRIVATE | UMAP_FIXED, file, 0), place);
    assert_pattern(place, 0, length);
    assert_int_equal(uunmap(place, length), 0);
}

void hints(void **)
{
    begin_mapping();
    const char *path = temp_file(length);
    const Opened file(path);
    char *place = reserve(length);
    void *elsewhere = umap(place, length, PROT_READ, UMAP_PRIVATE, file, 0); // taken
    assert_ptr_not_equal(elsewhere, UMAP_FAILED);
    assert_ptr_not_equal(elsewhere, place);
    assert_pattern(elsewhere, 0, length);
    assert_int_equal(munmap(place, length), 0);
    assert_ptr_equal(umap(place, length, PROT_READ, UMAP_PRIVATE, file, 0), place);
    assert_pattern(place, 0, length);
    void *odd = umap(place + length + 1, length, PROT_READ, UMAP_PRIVATE, file, 0);
    assert_ptr_not_equal(odd, UMAP_FAILED);
    assert_int_equal(uunmap(odd, length), 0);
    assert_int_equal(uunmap(place, length), 0);
    assert_int_equal(uunmap(elsewhere, length), 0);
}

} // namespace

int main()
{
    setenv("UMAP_PAGESIZE", "16384", 1);
    const CMUnitTest tests[] = {cmocka_unit_test(at_multiples_of_the_page), cmocka_unit_test(fixed), cmocka_unit_test(hints)};
    return RUN(tests);
}
