// SPDX-License-Identifier: MIT
// Arrays whose budget pins have used up, but for nothing, one chunk, or a few.
#include "../array.hpp"
#include "../objects.hpp"
#include "../scenario.hpp"
#include "../store.hpp"

namespace torture {
namespace {

constexpr std::size_t budget = 256 * kib;
constexpr std::size_t pin_words = 512; // a page

/// Takes all of the budget that can be had by pinning, chunk by chunk, and leaves so many chunks of it.
class Squeeze {
  public:
    Squeeze(Pass &pass, ufo *region, std::size_t chunks_left) : pass_(pass), region_(region)
    {
        while (pinned_ * pin_words * 8 < 2 * budget && pass_.ok(ufo_pin(region_, pinned_ * pin_words, 1), "ufo_pin"))
            ++pinned_;
        for (std::size_t i = 0; i < chunks_left && pinned_ > 0; ++i)
            let_go();
    }
    Squeeze(const Squeeze &) = delete;
    Squeeze &operator=(const Squeeze &) = delete;
    ~Squeeze()
    {
        while (pinned_ > 0)
            let_go();
    }

  private:
    void let_go()
    {
        --pinned_;
        if (ufo_unpin(region_, pinned_ * pin_words, 1) != UFO_OK)
            pass_.note(Violation::broken, "ufo_unpin: %s", ufo_last_error());
    }

    Pass &pass_;
    ufo *region_;
    std::size_t pinned_ = 0;
};

/// Who gets nothing waits for 0.2 s before he hears of it, so the less there is the fewer steps are made.
void use_squeezed(Pass &pass, ufo_core *core, Array &array, Mix mix)
{
    const RegionOwner pins = make_region(pass, core, 2 * budget / 8, 8, pin_words * 8);
    if (!pins)
        return;
    pass.tolerate({UFO_ERR_BUDGET});
    constexpr struct {
        std::size_t chunks;
        unsigned steps;
    } levels[] = {{4, 20}, {1, 4}, {0, 2}};
    for (const auto &level : levels) {
        mix.seed += 1;
        mix.steps = level.steps;
        mixed_steps(array, mix); // something to write back
        const Squeeze squeeze(pass, pins.get(), level.chunks);
        pass.step("using what is left");
        mixed_steps(array, mix);
    }
    pass.settle();
    array.recover_and_verify();
}

void squeezed(Pass &pass)
{
    const CoreOwner core = make_core(pass, budget);
    const RegionOwner region = make_region(pass, core.get(), 64 * kib, 8, 8 * kib, from_mixed_words);
    if (!core || !region)
        return;
    Array array(pass, region.get(), {.words = 64 * kib});
    use_squeezed(pass, core.get(), array, {.seed = 30, .block = 2000});
    pass.resume();
    pass.step("freeing");
}

/// The buffer in which callbacks see whole elements needs room as well, to load and to store.
void squeezed_straddling(Pass &pass)
{
    constexpr std::size_t elements = 100;
    constexpr std::size_t element_words = 513;
    Store store(elements, element_words);
    const CoreOwner core = make_core(pass, budget);
    const RegionOwner region = make_region(pass, core.get(), elements, element_words * 8, element_words * 8, [&](ufo_config *config) { return store.set(config); });
    if (!core || !region)
        return;
    Array array(pass, region.get(), {.words = elements * element_words, .words_per_element = element_words});
    use_squeezed(pass, core.get(), array, {.seed = 40, .block = 2000, .resets = false});
    array.verify_stored([&](std::size_t word) { return store.word(word); });
    pass.resume();
    pass.step("freeing");
}

constexpr Scenario all[] = {
    {"squeezed", squeezed},
    {"squeezed-straddling", squeezed_straddling},
};

} // namespace

std::span<const Scenario> scarce_scenarios() { return all; }

} // namespace torture
