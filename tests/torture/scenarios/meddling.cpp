// SPDX-License-Identifier: MIT
// Programs that do with the memory of an array what they should not: they discard pages, unmap it, and put something else there.
#include "../array.hpp"
#include "../guard.hpp"
#include "../inject/ledger.hpp"
#include "../objects.hpp"
#include "../random.hpp"
#include "../scenario.hpp"
#include "../unreliable.hpp"

#include <chrono>
#include <cstring>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace torture {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t words = 32 * kib;
constexpr std::size_t chunk_bytes = 16 * kib;

std::byte *bytes_of(ufo *region) { return static_cast<std::byte *>(ufo_data(region)); }

/// Pages of unchanged chunks come back, or are refused; never are they zeros.  Where the kernel tracks no stores, no chunk is known to be unchanged.
void discarded(Pass &pass)
{
    Unreliable source(5);
    const CoreOwner core = make_core(pass, 512 * kib);
    const RegionOwner region =
        make_region(pass, core.get(), words, 8, chunk_bytes, [&](ufo_config *config) { return source.set(config); });
    if (!core || !region)
        return;
    pass.tolerate({UFO_ERR_POPULATE, UFO_ERR_LOST});
    Array array(pass, region.get(), {.words = words});
    Random random(50);
    pass.step("discarding");
    for (int i = 0; i < 400; ++i) {
        const std::size_t at = random.below(words * 8 / page) * page;
        (void)madvise(bytes_of(region.get()) + at, page, MADV_DONTNEED);
        array.load(at / 8, 1 + random.below(page / 8));
        if (i % 16 == 15)
            array.reset(random.below(words), 1); // what was refused may be given then
        if (i % 8 == 7)
            array.pin_and_use(random.below(words - 64), 64, false);
    }
    source.be_reliable();
    array.finish();
}

/// Changes that were discarded are reported as lost until they are given up.
void discarded_changes(Pass &pass)
{
    const CoreOwner core = make_core(pass, 512 * kib);
    const RegionOwner region = make_region(pass, core.get(), words, 8, chunk_bytes, from_mixed_words);
    if (!core || !region)
        return;
    pass.tolerate({UFO_ERR_LOST});
    Array array(pass, region.get(), {.words = words});
    Random random(60);
    pass.step("changing and discarding");
    for (int i = 0; i < 200; ++i) {
        const std::size_t at = random.below(words * 8 / page) * page;
        array.store(at / 8, 8);
        if (i % 4 == 0)
            array.flush(at / 8, 1);
        (void)madvise(bytes_of(region.get()) + at, page, MADV_DONTNEED);
        // A call that copies must not be the first to meet the page: it would get a signal.
        switch (random.below(4)) {
        case 0: array.load(at / 8, 8); break;
        case 1: array.load(at / 8, 1), array.read(at / 8, 8); break;
        case 2: array.evict(at / 8, 8); break;
        default: array.load(at / 8, 1), array.write(at / 8, 8); break;
        }
        array.reset(at / 8, 1);
    }
    pass.settle();
    for (std::size_t first = 0; first < words; first += chunk_bytes / 8)
        array.reset(first, 1);
    array.recover_and_verify();
    pass.resume();
    pass.step("freeing");
}

/// Pages of the program's own in the place of some of an array's, until the end of the scenario.
class OwnPages {
  public:
    ~OwnPages()
    {
        for (void *const own : pages_) {
            munmap(own, page);
            Ledger::of_process().unmapped(own, page); // what the library had there before it had not to give back any more
        }
    }
    void put(void *place)
    {
        void *const own = mmap(place, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (own == MAP_FAILED)
            return;
        // Until the library has heard of it, it may map its own there again.
        (void)guarded([own] { std::memset(own, 0xff, page); });
        pages_.push_back(own);
    }

  private:
    std::vector<void *> pages_;
};

/// Whether the library hears of unmapped memory.
bool is_told_of_it(const ufo_core *core)
{
    constexpr std::uint32_t needed = UFO_FEATURE_WRITE_PROTECT | UFO_FEATURE_POISON;
    return ufo_core_delivery(core) != UFO_DELIVERY_PROTECT && (ufo_core_features(core) & needed) == needed;
}

/// What was unmapped comes back as absent pages; where something else has taken its place that stays, and the elements are lost.  Where nobody tells
/// the library of it, what is not unmapped goes on.
void replaced(Pass &pass)
{
    OwnPages own;
    const CoreOwner core = make_core(pass, 256 * kib);
    const RegionOwner region = make_region(pass, core.get(), words, 8, chunk_bytes, [](ufo_config *config) {
        const ufo_status status = from_mixed_words(config);
        return status == UFO_OK ? ufo_config_set_read_only(config, 1) : status;
    });
    if (!core || !region)
        return;
    constexpr std::size_t half = words / 2;
    constexpr std::size_t pages = half * 8 / page;
    const bool told = is_told_of_it(core.get());
    const bool by_userfaultfd = ufo_core_delivery(core.get()) != UFO_DELIVERY_PROTECT;
    ufo *const array = region.get();
    Array first_half(pass, array, {.words = words});
    // What is unmapped is a hole until the library has read the kernel's message of it.
    pass.tolerate({UFO_ERR_LOST, UFO_ERR_SYSTEM, UFO_ERR_LIMIT});
    Random random(70);
    pass.step("unmapping");
    for (int i = 0; i < 60; ++i) {
        std::byte *const gone = bytes_of(array) + random.below(pages) * page;
        (void)munmap(gone, page);
        if (!told && by_userfaultfd) // whatever slips into the hole, the library's own memory as well, would be unmapped the next time, or with the region
            (void)mmap(gone, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        first_half.load(random.below(half - 64), 64);
        if (told && i % 8 == 0)
            own.put(bytes_of(array) + (pages + random.below(pages)) * page);
        const std::size_t first = half + random.below(half - 64);
        switch (random.below(4)) {
        case 0: (void)pass.ok(ufo_evict(array, first, 64), "ufo_evict"); break;
        case 1: (void)pass.ok(ufo_reset(array, first, 64), "ufo_reset"); break;
        case 2: (void)pass.ok(ufo_flush(array, first, 64), "ufo_flush"); break;
        default: (void)pass.ok(ufo_touch(array, first, 64), "ufo_touch"); break;
        }
    }
    pass.step("verifying");
    using Clock = std::chrono::steady_clock;
    const Clock::time_point patience = Clock::now() + std::chrono::seconds(told ? 3 : 0); // a load of what is lost may take several milliseconds
    for (std::size_t word = 0; word < half; word += page / 8)
        while (Clock::now() < patience && first_half.fails(word)) {
            (void)ufo_reset(array, word, 1);
            (void)ufo_touch(array, word, 1);
            usleep(1000);
        }
    const bool without_faults = !pass.errors_allowed();
    pass.settle();
    for (std::size_t word = 0; word < half; word += page / 8) {
        if (!without_faults && first_half.fails(word))
            (void)ufo_reset(array, word, 1); // what was refused while there were faults may be given now
        if (!first_half.fails(word))
            first_half.load(word, page / 8);
        else if (told && (without_faults || ufo_touch(array, word, 1) != UFO_ERR_LOST))
            pass.note(Violation::broken, "word %zu does not come back: %s", word, ufo_last_error());
    }
    pass.resume();
    pass.step("freeing");
}

constexpr Scenario all[] = {
    {"discarded", discarded},
    {"discarded-changes", discarded_changes},
    {"replaced", replaced},
};

} // namespace

std::span<const Scenario> meddling_scenarios() { return all; }

} // namespace torture
