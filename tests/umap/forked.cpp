// SPDX-License-Identifier: MIT
// A forked child has no regions of its parent's, and can have some of its own.
#include "umap_support.hpp"

namespace {

constexpr std::size_t length = MIB;

struct Family {
    const char *path;
    unsigned char *region;
};

int child(void *argument)
{
    const auto &[path, inherited] = *static_cast<Family *>(argument);
    CHILD_CHECK(uunmap(inherited, length) == -1 && errno == EINVAL);
    CHILD_CHECK(umap_flush() == 0);
    const Opened file(path);
    void *region = umap(NULL, length, PROT_READ | PROT_WRITE, UMAP_PRIVATE, file, 0);
    CHILD_CHECK(region != UMAP_FAILED);
    CHILD_CHECK(pattern_mismatch(region, 0, length) == length);
    static_cast<unsigned char *>(region)[length / 2] = 9;
    CHILD_CHECK(uunmap(region, length) == 0);
    return 0;
}

void regions_of_its_own(void **)
{
    begin_test(60);
    if (UNDER_TSAN)
        SKIP_TEST("ThreadSanitizer allows no threads in the child of a process that has some");
    Family family{temp_file(length), nullptr};
    family.region = map_file(family.path, length);
    assert_int_equal(family.region[7], pattern(7));
    assert_int_equal(in_child(child, &family), 0);
    family.region[8] = 1;
    assert_int_equal(uunmap(family.region, length), 0);
    const Opened file(family.path);
    unsigned char byte = 0;
    assert_int_equal(pread(file, &byte, 1, length / 2), 1);
    assert_int_equal(byte, 9);
    assert_int_equal(pread(file, &byte, 1, 8), 1);
    assert_int_equal(byte, 1);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {cmocka_unit_test(regions_of_its_own)};
    return RUN(tests);
}
