// SPDX-License-Identifier: MIT
// Arrays of files, and of callbacks that take changes.
#include "../array.hpp"
#include "../objects.hpp"
#include "../scenario.hpp"
#include "../store.hpp"

namespace torture {
namespace {

constexpr std::size_t words = 64 * kib; // 512 KiB

void use_file(Pass &pass, int flags, bool by_mix_resets)
{
    const WorkFile file(pass, words);
    const CoreOwner core = make_core(pass, 192 * kib);
    const RegionOwner region = make_region(pass, core.get(), words, 8, 16 * kib, [&](ufo_config *config) {
        return ufo_config_set_file(config, file.path(), 0, flags);
    });
    if (!core || !region)
        return;
    const bool takes_changes = (flags & UFO_FILE_WRITEBACK) != 0;
    const Array::Stored stored =
        takes_changes ? Array::Stored([&](std::size_t word) { return file.word(word); }) : nullptr;
    Array array(pass, region.get(), {.words = words});
    pass.step("using");
    mixed_steps(array, {.steps = 200, .seed = 9, .block = 3000, .resets = by_mix_resets, .stored = stored});
    pass.settle();
    array.recover_and_verify();
    if (takes_changes)
        array.verify_stored(stored);
    pass.resume();
    pass.step("freeing");
}

void file_private(Pass &pass) { use_file(pass, 0, true); }
void file_written(Pass &pass) { use_file(pass, UFO_FILE_WRITEBACK, false); }
void file_direct(Pass &pass) { use_file(pass, UFO_FILE_WRITEBACK | UFO_FILE_DIRECT, false); }

/// A read-only view of a file, and nothing that could be written.
void file_read_only(Pass &pass)
{
    const WorkFile file(pass, words);
    const CoreOwner core = make_core(pass, 192 * kib);
    const RegionOwner region = make_region(pass, core.get(), words, 8, 64 * kib, [&](ufo_config *config) {
        const ufo_status status = ufo_config_set_file(config, file.path(), 0, 0);
        return status == UFO_OK ? ufo_config_set_read_only(config, 1) : status;
    });
    if (!core || !region)
        return;
    Array array(pass, region.get(), {.words = words});
    pass.step("using");
    mixed_steps(array, {.steps = 120, .seed = 10, .block = 3000, .writes = false});
    array.finish();
}

void use_store(Pass &pass, std::size_t elements, std::size_t words_per_element, std::size_t budget,
               ufo_populate_policy policy)
{
    Store store(elements, words_per_element);
    const CoreOwner core = make_core(pass, budget);
    const RegionOwner region = make_region(pass, core.get(), elements, words_per_element * 8, words_per_element * 8, [&](ufo_config *config) {
        const ufo_status status = store.set(config);
        return status == UFO_OK ? ufo_config_set_populate_policy(config, policy) : status;
    });
    if (!core || !region)
        return;
    const Array::Stored stored = [&](std::size_t word) { return store.word(word); };
    Array array(pass, region.get(), {.words = elements * words_per_element, .words_per_element = words_per_element});
    const bool anywhere = policy == UFO_POPULATE_ANYWHERE;
    pass.step("using");
    // An element that two chunks share is stored in parts: what flush says of a range holds for the chunks that it met.
    const bool straddles = 4096 % (words_per_element * 8) != 0;
    mixed_steps(array, {.steps = 150,
                        .seed = 11,
                        .block = 2000,
                        .resets = false,
                        .by_pointer = anywhere,
                        .pins = anywhere,
                        .stored = straddles ? nullptr : stored});
    pass.settle();
    if (anywhere) {
        array.recover_and_verify();
    } else {
        for (std::size_t first = 0; first < array.slots(); first += 512)
            array.read(first, 512);
    }
    array.verify_stored(stored);
    pass.resume();
    pass.step("freeing");
}

void written_back(Pass &pass) { use_store(pass, 32 * kib, 1, 96 * kib, UFO_POPULATE_ANYWHERE); }
void written_back_by_caller(Pass &pass) { use_store(pass, 32 * kib, 1, 96 * kib, UFO_POPULATE_CALLER); }
/// Elements that lie in two chunks: the callbacks see them whole, by way of a buffer.
void straddling(Pass &pass) { use_store(pass, 300, 513, 256 * kib, UFO_POPULATE_ANYWHERE); }

constexpr Scenario all[] = {
    {"file-private", file_private}, {"file-written", file_written, true},
    {"file-direct", file_direct},   {"file-read-only", file_read_only},
    {"written-back", written_back}, {"written-back-by-caller", written_back_by_caller},
    {"straddling", straddling},
};

} // namespace

std::span<const Scenario> stored_scenarios() { return all; }

} // namespace torture
