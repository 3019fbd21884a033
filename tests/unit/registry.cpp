// SPDX-License-Identifier: MIT
// From an address to its region, checked against std::map.  registry_threads.cpp has the readers.
#include "unit/unit.hpp"

#include "registry.hpp"

#include <deque>
#include <map>

using namespace ufomem;
using unit::Random;

namespace {

const std::byte *address(std::uintptr_t value) { return reinterpret_cast<const std::byte *>(value); }

constexpr std::uintptr_t page = 4096;
constexpr std::uintptr_t base = std::uintptr_t{1} << 40;

/// A registry, and the same as a map.
class Pair {
  public:
    void insert(std::uintptr_t begin, std::uintptr_t size)
    {
        RegionHandle *handle = &handles_.emplace_back();
        assert_ok(registry_.insert(address(begin), address(begin + size), handle));
        model_[begin] = {begin + size, handle};
    }
    void erase(std::uintptr_t begin)
    {
        registry_.erase(address(begin));
        model_.erase(begin);
    }
    void check(std::uintptr_t at) const
    {
        assert_ptr_equal(registry_.find(address(at)), expected(at));
        auto next = model_.upper_bound(at);
        if (next != model_.begin() && std::prev(next)->second.end > at)
            --next;
        const Registry::Found found = registry_.find_from(address(at));
        assert_ptr_equal(found.handle, next == model_.end() ? nullptr : next->second.handle);
        assert_ptr_equal(found.end, next == model_.end() ? nullptr : address(next->second.end));
    }
    /// Every border, from both sides.
    void check_borders() const
    {
        for (const auto &[begin, region] : model_)
            for (const std::uintptr_t at :
                 {begin - 1, begin, begin + (region.end - begin) / 2, region.end - 1, region.end})
                check(at);
        assert_int_equal(registry_.size(), model_.size());
    }
    bool is_free(std::uintptr_t begin, std::uintptr_t size) const
    {
        const auto next = model_.lower_bound(begin);
        return (next == model_.end() || begin + size <= next->first)
               && (next == model_.begin() || std::prev(next)->second.end <= begin);
    }
    std::uintptr_t any(Random &random) const
    {
        auto one = model_.lower_bound(base + random.below(page << 20));
        return one == model_.end() ? model_.begin()->first : one->first;
    }
    std::size_t size() const { return model_.size(); }

  private:
    struct Value {
        std::uintptr_t end;
        RegionHandle *handle;
    };
    RegionHandle *expected(std::uintptr_t at) const
    {
        const auto behind = model_.upper_bound(at);
        if (behind == model_.begin())
            return nullptr;
        const Value &value = std::prev(behind)->second;
        return at < value.end ? value.handle : nullptr;
    }
    Registry registry_;
    std::deque<RegionHandle> handles_;
    std::map<std::uintptr_t, Value> model_;
};

void an_empty_registry_knows_no_address(void **)
{
    const Registry registry;
    assert_null(registry.find(nullptr));
    assert_null(registry.find(address(base)));
    assert_null(registry.find(address(UINTPTR_MAX)));
}

void a_region_covers_its_bytes_and_no_others(void **)
{
    Pair pair;
    pair.insert(base, page);
    pair.insert(base + page, page); // right beside it
    pair.insert(base + 3 * page, 5 * page);
    pair.check_borders();
    pair.check(0);
    pair.check(UINTPTR_MAX);
}

void erasing_what_is_not_there_does_nothing(void **)
{
    Pair pair;
    pair.erase(base);
    pair.insert(base, 2 * page);
    Registry registry;
    RegionHandle handle;
    assert_ok(registry.insert(address(base), address(base + 2 * page), &handle));
    registry.erase(address(base + page)); // inside, but no beginning
    registry.erase(address(base - page));
    registry.erase(address(base + 2 * page));
    assert_ptr_equal(registry.find(address(base + page)), &handle);
    assert_int_equal(registry.size(), 1);
}

void it_can_be_emptied_and_filled_again(void **)
{
    Pair pair;
    for (int round = 0; round < 3; ++round) {
        for (std::uintptr_t i = 0; i < 500; ++i)
            pair.insert(base + i * page, page);
        pair.check_borders();
        for (std::uintptr_t i = 0; i < 500; ++i)
            pair.erase(base + (i * 7 % 500) * page);
        pair.check(base);
        assert_int_equal(pair.size(), 0);
    }
}

void a_large_region_takes_the_place_of_many_small_ones(void **)
{
    Pair pair;
    pair.insert(base, page);
    for (std::uintptr_t i = 2; i < 1000; ++i)
        pair.insert(base + i * page, page);
    for (std::uintptr_t i = 2; i < 1000; ++i)
        pair.erase(base + i * page);
    pair.insert(base + page, 998 * page);
    for (std::uintptr_t i = 0; i <= 1000; ++i)
        pair.check(base + i * page);
}

/// The kernel gives new mappings at falling addresses, other allocators at rising ones.
void a_hundred_thousand_in_order(void **)
{
    const std::size_t count = unit::rounds(100000);
    for (const bool ascending : {true, false}) {
        Pair pair;
        for (std::size_t i = 0; i < count; ++i)
            pair.insert(base + (ascending ? i : count - i) * 2 * page, page);
        pair.check_borders();
        for (std::size_t i = 0; i < count; i += 3)
            pair.erase(base + (ascending ? i : count - i) * 2 * page);
        pair.check_borders();
    }
}

void random_inserts_and_erases(void **)
{
    Random random;
    Pair pair;
    for (std::size_t i = 0, last = unit::rounds(100000); i < last; ++i) {
        // Grows for a while, then shrinks.
        const bool grow = i % 20000 < 12000;
        const std::uintptr_t begin = base + page * random.below(1 << 20);
        const std::uintptr_t size = page * random.between(1, 50);
        if (random.below(10) < (grow ? 9U : 1U)) {
            if (pair.is_free(begin, size))
                pair.insert(begin, size);
        } else if (pair.size() != 0) {
            pair.erase(pair.any(random));
        }
        pair.check(base + random.below(page << 20));
    }
    pair.check_borders();
}

/// Regions that differ by a byte, as the beginning is that of the user's header.
void borders_need_not_be_pages(void **)
{
    Random random;
    Pair pair;
    std::uintptr_t at = base;
    for (std::size_t i = 0; i < 2000; ++i) {
        const std::uintptr_t size = random.between(1, 5);
        pair.insert(at, size);
        at += size + random.below(2);
    }
    pair.check_borders();
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_registry_knows_no_address),
        cmocka_unit_test(a_region_covers_its_bytes_and_no_others),
        cmocka_unit_test(erasing_what_is_not_there_does_nothing),
        cmocka_unit_test(it_can_be_emptied_and_filled_again),
        cmocka_unit_test(a_large_region_takes_the_place_of_many_small_ones),
        cmocka_unit_test(a_hundred_thousand_in_order),
        cmocka_unit_test(random_inserts_and_erases),
        cmocka_unit_test(borders_need_not_be_pages),
    };
    return RUN(tests);
}
