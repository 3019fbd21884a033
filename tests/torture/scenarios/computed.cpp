// SPDX-License-Identifier: MIT
// Arrays whose content is computed: changes, if any, go to the spill.
#include "../array.hpp"
#include "../guard.hpp"
#include "../objects.hpp"
#include "../random.hpp"
#include "../scenario.hpp"
#include "../unreliable.hpp"

#include <thread>
#include <vector>

namespace torture {
namespace {

/// Uses the array, looks at it when the faults have stopped, and frees it while they may happen again.
void use_mixed(Pass &pass, ufo *region, const Array::Shape &shape, const Mix &mix)
{
    Array array(pass, region, shape);
    pass.step("using");
    mixed_steps(array, mix);
    array.finish();
}

void sequences(Pass &pass)
{
    const CoreOwner core = make_core(pass, 1 * mib);
    const RegionOwner counted = make_region(pass, core.get(), 64 * kib, 8, 64 * kib, [](ufo_config *config) {
        const ufo_status status = ufo_config_set_sequence_int(config, 7, 3);
        return status == UFO_OK ? ufo_config_set_read_only(config, 1) : status;
    });
    const RegionOwner zeros = make_region(pass, core.get(), 16 * kib, 8, 4 * kib,
                                          [](ufo_config *config) { return ufo_config_set_header(config, 100); });
    if (!core || !counted || !zeros)
        return;
    Array second(pass, zeros.get(), {.words = 16 * kib, .base = zero_word});
    mixed_steps(second, {.steps = 20, .seed = 3});
    Array first(pass, counted.get(), {.words = 64 * kib, .base = counted_word});
    mixed_steps(first, {.steps = 60, .seed = 2, .writes = false});
    const std::uint64_t word = 1;
    pass.expect(ufo_write(counted.get(), 0, 1, &word), UFO_ERR_READ_ONLY, "ufo_write to a read-only array");
    pass.settle();
    first.recover_and_verify();
    second.recover_and_verify();
    pass.resume();
    pass.step("freeing");
}

void small_chunks(Pass &pass)
{
    const CoreOwner core = make_core(pass, 256 * kib);
    const RegionOwner region = make_region(pass, core.get(), 128 * kib, 8, 4 * kib, from_mixed_words);
    if (core && region)
        use_mixed(pass, region.get(), {.words = 128 * kib}, {.steps = 250, .seed = 4, .block = 2000});
}

void chunks(Pass &pass)
{
    const CoreOwner core = make_core(pass, 1 * mib);
    const RegionOwner region = make_region(pass, core.get(), 512 * kib, 8, 64 * kib, from_mixed_words);
    if (core && region)
        use_mixed(pass, region.get(), {.words = 512 * kib, .stride = 16}, {.steps = 250, .seed = 5, .block = 2000});
}

/// Chunks so far from each other that what is remembered of them takes more than they do: it comes and goes as well.
void far_apart(Pass &pass)
{
    constexpr std::size_t apart = 512 * kib, slots = 256, steps = 600; // a page of the library's for each
    struct Version {
        std::uint64_t oldest = 0, newest = 0;
    };
    const CoreOwner core = make_core(pass, 256 * kib);
    const RegionOwner region = make_region(pass, core.get(), slots * apart, 8, 4 * kib, from_mixed_words);
    if (!core || !region)
        return;
    std::vector<Version> versions(slots);
    const auto *data = static_cast<const volatile std::uint64_t *>(ufo_data(region.get()));
    const auto check = [&](std::size_t slot, std::uint64_t word) {
        const std::uint64_t version = word - mixed_word(slot * apart);
        if (version < versions[slot].oldest || version > versions[slot].newest)
            pass.note(version < versions[slot].oldest ? Violation::lost : Violation::wrong, "slot %zu", slot);
        pass.note_checked(1);
    };
    const auto load = [&](std::size_t slot) {
        std::uint64_t word = 0;
        if (pass.ok_signal(guarded([&] { word = data[slot * apart]; }), "a load"))
            check(slot, word);
    };
    Random random(9);
    pass.step("using");
    for (std::size_t step = 0; step < steps; ++step) {
        const std::size_t slot = random.below(slots);
        Version &version = versions[slot];
        const std::uint64_t next = mixed_word(slot * apart) + version.newest + 1;
        std::uint64_t word = 0;
        switch (random.below(8)) {
        case 0:
            ++version.newest;
            if (pass.ok(ufo_write(region.get(), slot * apart, 1, &next), "ufo_write"))
                version.oldest = version.newest;
            break;
        case 1:
            (void)pass.ok(ufo_evict(region.get(), slot * apart, 1), "ufo_evict");
            break;
        case 2:
            version.oldest = 0;
            if (pass.ok(ufo_reset(region.get(), slot * apart, 1), "ufo_reset"))
                version.newest = 0;
            break;
        case 3:
            if (pass.ok(ufo_read(region.get(), slot * apart, 1, &word), "ufo_read"))
                check(slot, word);
            break;
        default:
            load(slot);
            break;
        }
    }
    pass.settle();
    pass.step("verifying");
    for (std::size_t slot = 0; slot < slots; ++slot)
        if (pass.ok(ufo_touch(region.get(), slot * apart, 1), "ufo_touch"))
            load(slot);
    pass.resume();
    pass.step("freeing");
}

void read_only(Pass &pass)
{
    const CoreOwner core = make_core(pass, 1 * mib);
    const RegionOwner region = make_region(pass, core.get(), 512 * kib, 8, 64 * kib, [](ufo_config *config) {
        const ufo_status status = from_mixed_words(config);
        return status == UFO_OK ? ufo_config_set_read_only(config, 1) : status;
    });
    if (core && region)
        use_mixed(pass, region.get(), {.words = 512 * kib, .stride = 16},
                  {.steps = 200, .seed = 6, .block = 2000, .writes = false});
}

void failing_source(Pass &pass)
{
    Unreliable source(3);
    const CoreOwner core = make_core(pass, 256 * kib);
    const RegionOwner region = make_region(pass, core.get(), 64 * kib, 8, 4 * kib, [&](ufo_config *config) { return source.set(config); });
    if (!core || !region)
        return;
    // Without faults, too, errors are expected here: each has to be the source's own.
    pass.step("reading");
    for (std::size_t at = 0; at < 64 * kib; at += 512) {
        std::uint64_t word = 0;
        const ufo_status status = ufo_read(region.get(), at, 1, &word);
        if (status == UFO_OK && word != mixed_word(at))
            pass.note(Violation::wrong, "word %zu", at);
        if (status != UFO_OK && status != UFO_ERR_POPULATE && !pass.errors_allowed())
            pass.note(Violation::broken, "ufo_read: %s", ufo_last_error());
        if (status == UFO_ERR_POPULATE && ufo_last_callback_code() != Unreliable::refusal)
            pass.note(Violation::unclear, "the callback's code is %d", ufo_last_callback_code());
    }
    source.be_reliable();
    pass.settle();
    Array array(pass, region.get(), {.words = 64 * kib});
    array.recover_and_verify();
    pass.resume();
    pass.step("freeing");
}

/// Threads that load what never comes, side by side and through the same pages: each load ends in one signal, and none meets a thread later.
void failing_loads(Pass &pass)
{
    constexpr std::size_t words = 64 * kib, threads = 3, loads = 400;
    Unreliable source(1);
    const CoreOwner core = make_core(pass, 256 * kib);
    const RegionOwner region = make_region(pass, core.get(), words, 8, 4 * kib, [&](ufo_config *config) { return source.set(config); });
    if (!core || !region)
        return;
    pass.step("loading");
    const auto *data = static_cast<const volatile std::uint64_t *>(ufo_data(region.get()));
    std::vector<std::thread> readers;
    for (std::size_t reader = 0; reader < threads; ++reader)
        readers.emplace_back([&pass, data, reader] {
            for (std::size_t at = reader; at < loads * threads; at += threads) {
                const std::size_t word = at * 13;
                if (guarded([&] { (void)data[word]; }) == 0)
                    pass.note(Violation::wrong, "word %zu", word);
            }
        });
    for (std::thread &reader : readers)
        reader.join();
    source.be_reliable();
    pass.settle();
    Array array(pass, region.get(), {.words = words});
    array.recover_and_verify();
    pass.resume();
    pass.step("freeing");
}

/// A populate that reads another array, by pointer and by call.
std::int32_t populate_from_other(void *user_data, std::size_t first, std::size_t count, void *out)
{
    auto *other = static_cast<ufo *>(user_data);
    return ufo_read(other, first, count, out) == UFO_OK ? 0 : 1;
}

void nested(Pass &pass)
{
    const CoreOwner core = make_core(pass, 512 * kib);
    const RegionOwner inner = make_region(pass, core.get(), 64 * kib, 8, 16 * kib, from_mixed_words);
    if (!core || !inner)
        return;
    const RegionOwner outer = make_region(pass, core.get(), 64 * kib, 8, 4 * kib, [&](ufo_config *config) {
        return ufo_config_set_populate(config, populate_from_other, inner.get(), nullptr);
    });
    if (outer)
        use_mixed(pass, outer.get(), {.words = 64 * kib}, {.steps = 120, .seed = 7, .block = 1000});
}

void caller_only(Pass &pass)
{
    const CoreOwner core = make_core(pass, 256 * kib);
    const RegionOwner region = make_region(pass, core.get(), 64 * kib, 8, 8 * kib, [](ufo_config *config) {
        const ufo_status status = from_mixed_words(config);
        return status == UFO_OK ? ufo_config_set_populate_policy(config, UFO_POPULATE_CALLER) : status;
    });
    if (!core || !region)
        return;
    Array array(pass, region.get(), {.words = 64 * kib});
    mixed_steps(array, {.steps = 150, .seed = 8, .block = 1000, .by_pointer = false, .pins = false});
    pass.settle();
    for (std::size_t first = 0; first < array.slots(); first += 1024) {
        if (!array.touch(first, 1))
            array.reset(first, 1);
        array.read(first, 1024);
    }
    pass.resume();
    pass.step("freeing");
}

constexpr Scenario all[] = {
    {"sequences", sequences, true},     {"small-chunks", small_chunks, true},
    {"chunks", chunks, true},           {"far-apart", far_apart, true},
    {"read-only", read_only, false},
    {"failing-source", failing_source}, {"failing-loads", failing_loads},
    {"nested", nested},                 {"caller-only", caller_only},
};

} // namespace

std::span<const Scenario> computed_scenarios() { return all; }

} // namespace torture
