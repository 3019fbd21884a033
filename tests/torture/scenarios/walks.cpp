// SPDX-License-Identifier: MIT
// Arrays that are walked through from one end to the other, twice: read ahead, extents, huge frames, and chunks that were there before.
#include "../array.hpp"
#include "../objects.hpp"
#include "../scenario.hpp"

namespace torture {
namespace {

constexpr std::size_t words = 32 * mib / 8;

enum class First : std::uint8_t { reads, writes };
enum class There : std::uint8_t { nothing, single_chunks };

constexpr std::size_t stride = 512; // a word in a page
constexpr std::size_t block = 16;

/// A chunk here and there, which join the extents of the walk.
void load_some(Array &array)
{
    constexpr std::size_t extent = 512; // slots
    for (std::size_t slot = 5 * block; slot < array.slots(); slot += extent)
        array.load(slot, 1);
    for (std::size_t slot = 20 * block; slot < array.slots(); slot += extent)
        array.load(slot, 1);
}

void walk(Pass &pass, First first, Base base, const Configure &source, There there = There::nothing)
{
    const CoreOwner core = make_core(pass, 20 * mib);
    const RegionOwner region = make_region(pass, core.get(), words, 8, 64 * kib, [&](ufo_config *config) {
        const ufo_status status = source(config);
        return status == UFO_OK && first == First::reads ? ufo_config_set_read_only(config, 1) : status;
    });
    if (!core || !region)
        return;
    Array array(pass, region.get(), {.words = words, .stride = stride, .base = base});
    for (int round = 0; round < 2; ++round) {
        if (there == There::single_chunks)
            load_some(array);
        for (std::size_t slot = 0; slot + block <= array.slots(); slot += block) {
            pass.step(round == 0 ? "the first walk" : "the second walk");
            if (first == First::writes && round == 0)
                array.store(slot, block);
            else
                array.load(slot, block);
        }
    }
    array.finish();
}

ufo_status count_up(ufo_config *config) { return ufo_config_set_sequence_int(config, 7, 3); }

void walk_reading(Pass &pass) { walk(pass, First::reads, counted_word, count_up); }
void walk_writing(Pass &pass) { walk(pass, First::writes, counted_word, count_up); }

void walk_reading_after_loads(Pass &pass) { walk(pass, First::reads, counted_word, count_up, There::single_chunks); }
void walk_writing_after_loads(Pass &pass) { walk(pass, First::writes, counted_word, count_up, There::single_chunks); }

void walk_file(Pass &pass)
{
    const WorkFile file(pass, words);
    walk(pass, First::reads, mixed_word, [&](ufo_config *config) { return ufo_config_set_file(config, file.path(), 0, 0); });
}

constexpr Scenario all[] = {
    {"walk-reading", walk_reading},
    {"walk-writing", walk_writing},
    {"walk-reading-after-loads", walk_reading_after_loads},
    {"walk-writing-after-loads", walk_writing_after_loads},
    {"walk-file", walk_file},
};

} // namespace

std::span<const Scenario> walk_scenarios() { return all; }

} // namespace torture
