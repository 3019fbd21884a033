// SPDX-License-Identifier: MIT
// Moves of pages, while the kernel migrates them: what is said to have moved has, and what has moved is said to.  And whose memory is where.
#include "unit/unit.hpp"

#include "kernel/memory.hpp"
#include "kernel/pagemap.hpp"
#include "kernel/userfaultfd.hpp"

#include <chrono>
#include <optional>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace ufomem;
using namespace ufomem::kernel;
using unit::Random;

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t run_pages = 16; // neighbours move in batches
constexpr std::size_t run_bytes = run_pages * page;

/// Keeps the kernel migrating pages of everybody; takes root.
class Compaction {
  public:
    Compaction() : descriptor_(open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC))
    {
        if (descriptor_ >= 0)
            thread_ = std::thread([this] {
                while (!stop_.load() && write(descriptor_, "1", 1) == 1)
                    usleep(1000);
            });
    }
    ~Compaction()
    {
        stop_.store(true);
        if (thread_.joinable())
            thread_.join();
        close(descriptor_);
    }
    bool runs() const { return descriptor_ >= 0; }

  private:
    int descriptor_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

void fill(std::byte *data, std::size_t seed)
{
    for (std::size_t at = 0; at < run_bytes; at += sizeof seed) {
        const std::size_t word = seed * run_bytes + at;
        std::memcpy(data + at, &word, sizeof word);
    }
}

bool is_filled(const std::byte *data, std::size_t seed)
{
    for (std::size_t at = 0; at < run_bytes; at += sizeof seed) {
        const std::size_t word = seed * run_bytes + at;
        if (std::memcmp(data + at, &word, sizeof word) != 0)
            return false;
    }
    return true;
}

struct Machinery {
    Pagemap pagemap;
    std::optional<Userfaultfd> faults;
    Mapping region, pool;
    Machinery(std::size_t runs)
    {
        Result<Userfaultfd> opened = Userfaultfd::open(pagemap, 0, Faults::as_messages);
        if (!opened.ok() || !opened->features().has(feature_move) || !opened->features().has(feature_write_protect))
            skip(); // the kernel has no moves
        faults = std::move(*opened);
        region = std::move(*map_private(runs * run_bytes, Protection::read_write));
        pool = std::move(*map_private(runs * run_bytes, Protection::read_write));
        assert_ok(faults->watch(region.data(), region.size()));
        assert_ok(faults->watch_as_pool(pool.data(), pool.size()));
    }
};

void moved_pages_are_said_to_have_moved(void **)
{
    constexpr std::size_t runs = 256, threads = 4;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(8); // where pages are dear, less of it
    const Compaction compaction;
    if (!compaction.runs())
        skip(); // compacting memory takes root
    Machinery machine(runs);
    std::atomic<int> wrong{0}, refused{0};
    unit::on_threads(threads, [&](std::size_t thread) {
        Random random(thread);
        for (std::size_t round = 0; round < unit::rounds(10'000) && std::chrono::steady_clock::now() < end; ++round) {
            const std::size_t run = thread * (runs / threads) + random.below(runs / threads);
            std::byte *const frame = machine.pool.data() + run * run_bytes;
            std::byte *const place = machine.region.data() + run * run_bytes;
            fill(frame, run + round);
            refused += machine.faults->move(place, frame, run_bytes).error != 0;
            wrong += !is_filled(place, run + round);
            refused += machine.faults->move(frame, place, run_bytes).error != 0;
            wrong += !is_filled(frame, run + round);
            if (refused + wrong != 0)
                break; // a load of what is not there would wait for ever
        }
    });
    assert_int_equal(refused, 0);
    assert_int_equal(wrong, 0);
}

void what_is_in_the_way_is_said(void **)
{
    Machinery machine(2);
    std::byte *const frame = machine.pool.data(), *const taken = frame + run_bytes, *const place = machine.region.data();
    fill(frame, 1);
    fill(taken, 2);
    assert_int_equal(machine.faults->move(place + 3 * page, taken + 3 * page, page).error, 0);
    const Transfer transfer = machine.faults->move(place, frame, run_bytes);
    assert_int_equal(transfer.error, EEXIST);
    assert_int_equal(transfer.done, 3 * page);
    const Transfer missing = machine.faults->move(taken + 3 * page, frame, page);
    assert_int_equal(missing.error, ENOENT);
    assert_int_equal(missing.done, 0);
}

void moved_pages_are_writable(void **)
{
    Machinery machine(1);
    std::byte *const frame = machine.pool.data(), *const place = machine.region.data();
    fill(frame, 7);
    assert_int_equal(machine.faults->move(place, frame, run_bytes).error, 0);
    assert_ok(machine.faults->write_protect(place, run_bytes, true));
    assert_true(machine.pagemap.is_protected(place));
    assert_int_equal(machine.faults->move(frame, place, run_bytes).error, 0);
    for (std::size_t at = 0; at < run_bytes; at += page)
        assert_false(machine.pagemap.is_protected(frame + at));
    assert_true(is_filled(frame, 7));
}

/// Memory that is watched, and its neighbour, which is somebody else's.
struct Neighbours {
    Pagemap pagemap;
    Userfaultfd faults;
    Mapping both = std::move(*map_private(2 * page, Protection::read_write));
    std::byte *const ours = both.data(), *const others = ours + page;
    Neighbours()
    {
        Result<Userfaultfd> opened = Userfaultfd::open(pagemap, 0, Faults::as_signals, Unmapping::reported);
        if (!opened.ok() || opened->unmapping() != Unmapping::reported)
            skip(); // the kernel does not tell of unmapped memory here
        faults = std::move(*opened);
        std::memset(others, 0xAA, page);
        assert_ok(faults.watch(ours, page));
    }
    ~Neighbours() { (void)faults.unwatch_to_unmap(ours, page); } // there is no reader
};

/// Whatever descriptors are left: one that does not hear of unmapped memory is none.
void it_hears_of_unmapped_memory_or_does_not_open(void **)
{
    const Neighbours memory;
    const int lowest = dup(STDOUT_FILENO);
    close(lowest);
    rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    bool opens = false;
    for (int descriptors = 0; !opens; ++descriptors) {
        const rlimit few{static_cast<rlim_t>(lowest + descriptors), before.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
        Result<Userfaultfd> opened = Userfaultfd::open(memory.pagemap, 0, Faults::as_signals, Unmapping::reported);
        setrlimit(RLIMIT_NOFILE, &before);
        opens = opened.ok();
        assert_true(opens ? opened->unmapping() == Unmapping::reported : descriptors < 5);
        if (!opens)
            assert_int_equal(opened.status().code, Code::limit);
    }
}

void a_place_is_watched_or_occupied_or_empty(void **)
{
    const Neighbours memory;
    using Place = Userfaultfd::Place;
    Mapping hole = std::move(*map_private(page, Protection::none));
    std::byte *const nothing = hole.data();
    hole.reset();
    assert_true(memory.faults.place(nothing) == Place::empty);
    assert_true(memory.faults.place(memory.others) == Place::occupied);
    assert_true(memory.faults.place(memory.ours) == Place::watched);
    const std::byte content[page]{};
    assert_int_equal(memory.faults.copy(memory.ours, content, page, true, Wake::no).error, 0);
    assert_true(memory.faults.place(memory.ours) == Place::watched);
    assert_true(memory.pagemap.is_protected(memory.ours));
}

void who_asks_for_a_place_opens_it_to_nobody(void **)
{
    const Neighbours memory;
    std::byte content[page];
    std::memset(content, 0x15, page);
    std::atomic<std::size_t> asked{0}, wrong{0};
    std::atomic<bool> done{false};
    unit::on_threads(2, [&](std::size_t thread) {
        if (thread == 0) {
            for (; !done.load(); ++asked)
                wrong += memory.faults.place(memory.others) != Userfaultfd::Place::occupied;
            return;
        }
        for (std::size_t round = 0; round < unit::rounds(20'000) || asked < 100; ++round) {
            wrong += memory.faults.copy(memory.others, content, page, false, Wake::no).error != ENOENT;
            wrong += memory.faults.write_protect(memory.others, page, true).ok();
        }
        done.store(true);
    });
    assert_int_equal(wrong, 0);
    for (std::size_t at = 0; at < page; ++at)
        assert_int_equal(static_cast<int>(memory.others[at]), 0xAA);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(moved_pages_are_said_to_have_moved),
        cmocka_unit_test(what_is_in_the_way_is_said),
        cmocka_unit_test(moved_pages_are_writable),
        cmocka_unit_test(it_hears_of_unmapped_memory_or_does_not_open),
        cmocka_unit_test(a_place_is_watched_or_occupied_or_empty),
        cmocka_unit_test(who_asks_for_a_place_opens_it_to_nobody),
    };
    return RUN(tests);
}
