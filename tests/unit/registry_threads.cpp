// SPDX-License-Identifier: MIT
// Readers of the registry take no lock: while others come and go, they find what is there, and nothing else.
#include "unit/unit.hpp"

#include "registry.hpp"

#include <memory>

using namespace ufomem;
using unit::Random;

namespace {

constexpr std::uintptr_t page = 4096;
constexpr std::uintptr_t base = std::uintptr_t{1} << 40;
constexpr std::size_t places = 3000;

const std::byte *place(std::size_t number) { return reinterpret_cast<const std::byte *>(base + number * page); }

// Every third place is always taken, every third never, and the others come and go.
enum class Kind { stays, never, changes };
Kind kind_of(std::size_t number)
{
    return number % 3 == 0 ? Kind::stays : number % 3 == 1 ? Kind::never : Kind::changes;
}

class Town {
  public:
    Town() : handles_(std::make_unique<RegionHandle[]>(places))
    {
        for (std::size_t i = 0; i < places; ++i)
            if (kind_of(i) == Kind::stays)
                insert(i);
    }
    void insert(std::size_t number)
    {
        if (!registry_.insert(place(number), place(number + 1), &handles_[number]).ok())
            refused_ = true;
    }
    void erase(std::size_t number) { registry_.erase(place(number)); }

    /// Whether what a reader finds there can be right.
    bool plausible(std::size_t number) const
    {
        const RegionHandle *found = registry_.find(place(number) + number % page);
        switch (kind_of(number)) {
        case Kind::stays:
            return found == &handles_[number];
        case Kind::never:
            return found == nullptr;
        case Kind::changes:
            return found == nullptr || found == &handles_[number];
        }
        return false;
    }
    bool refused() const { return refused_; }
    std::size_t size() const { return registry_.size(); }

  private:
    Registry registry_;
    std::unique_ptr<RegionHandle[]> handles_;
    std::atomic<bool> refused_{false};
};

void readers_find_what_stays_while_others_come_and_go(void **)
{
    Town town;
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0};
    unit::on_threads(3, [&](std::size_t thread) {
        Random random(thread);
        if (thread != 0) {
            while (!stop.load())
                wrong += !town.plausible(random.below(places));
            return;
        }
        std::vector<bool> present(places);
        for (std::size_t i = 0, last = unit::rounds(100000); i < last; ++i) {
            const std::size_t number = random.below(places / 3) * 3 + 2;
            present[number] ? town.erase(number) : town.insert(number);
            present[number] = !present[number];
        }
        stop.store(true);
    });
    assert_int_equal(wrong.load(), 0);
    assert_false(town.refused());
}

/// Leaves are emptied, and used again elsewhere, under the readers' eyes.
void readers_survive_tides(void **)
{
    Town town;
    std::atomic<bool> stop{false};
    std::atomic<int> wrong{0};
    unit::on_threads(3, [&](std::size_t thread) {
        Random random(thread);
        if (thread != 0) {
            while (!stop.load())
                wrong += !town.plausible(random.below(places));
            return;
        }
        for (std::size_t i = 0, last = unit::rounds(50); i < last; ++i) {
            for (std::size_t number = 2; number < places; number += 3)
                town.insert(i % 2 == 0 ? number : places + 1 - number);
            for (std::size_t number = 2; number < places; number += 3)
                town.erase(number);
        }
        stop.store(true);
    });
    assert_int_equal(wrong.load(), 0);
    assert_int_equal(town.size(), places / 3);
}

void writers_do_not_disturb_each_other(void **)
{
    Town town;
    std::atomic<int> wrong{0};
    unit::on_threads(3, [&](std::size_t thread) {
        // Each has places of his own, and knows what has to be there.
        for (std::size_t round = 0; round < 4; ++round)
            for (std::size_t number = 2 + 3 * thread; number < places; number += 9) {
                round % 2 == 0 ? town.insert(number) : town.erase(number);
                wrong += !town.plausible(number);
            }
    });
    assert_int_equal(wrong.load(), 0);
    assert_int_equal(town.size(), places / 3);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(readers_find_what_stays_while_others_come_and_go),
        cmocka_unit_test(readers_survive_tides),
        cmocka_unit_test(writers_do_not_disturb_each_other),
    };
    return RUN(tests);
}
