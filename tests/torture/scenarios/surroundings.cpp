// SPDX-License-Identifier: MIT
// Life and death of cores and regions, budgets, threads, forked children, and readers outside.
#include "../array.hpp"
#include "../guard.hpp"
#include "../objects.hpp"
#include "../random.hpp"
#include "../scenario.hpp"

#include <algorithm>
#include <array>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

namespace torture {
namespace {

/// Counts how often what it was given to is freed.
struct Owned {
    std::atomic<int> alive{0};
    static void free(void *user_data) { static_cast<Owned *>(user_data)->alive.fetch_sub(1); }
};

void life(Pass &pass)
{
    Owned log_owner;
    Owned source_owner;
    {
        CoreOwner core = make_core(pass, 2 * mib, [&](ufo_core_config *config) {
            log_owner.alive.fetch_add(1);
            return ufo_core_config_set_log(
                config, [](void *, ufo_log_level, const char *) {}, &log_owner, Owned::free);
        });
        if (!core)
            return;
        ufo *regions[6] = {};
        for (std::size_t i = 0; i < 6; ++i) {
            regions[i] = make_region(pass, core.get(), 4 * kib << i, 8, 4 * kib << (i % 3), [&](ufo_config *config) {
                             source_owner.alive.fetch_add(1);
                             return ufo_config_set_populate(config, populate_mixed, &source_owner, Owned::free);
                         }).release();
            if (!regions[i])
                continue;
            std::uint64_t word = 0;
            if (pass.ok(ufo_read(regions[i], 100, 1, &word), "ufo_read") && word != mixed_word(100))
                pass.note(Violation::wrong, "word 100 of region %zu", i);
            (void)pass.ok(ufo_write(regions[i], 100, 1, &word), "ufo_write");
            if (ufo_find(core.get(), ufo_data(regions[i])) != regions[i])
                pass.note(Violation::broken, "ufo_find: %s", ufo_last_error());
        }
        pass.step("freeing");
        ufo_free(regions[1]);
        ufo_free(regions[3]);
        if (regions[2] && pass.ok(ufo_pin(regions[2], 0, 1), "ufo_pin")) { // freed while pinned
            ufo_free(regions[2]);
            if (ufo_unpin(regions[2], 0, 1) != UFO_OK)
                pass.note(Violation::broken, "ufo_unpin of a freed region: %s", ufo_last_error());
        }
        pass.step("freeing the core with the others");
        core.reset();
    }
    pass.settle();
    if (log_owner.alive != 0 || source_owner.alive != 0)
        pass.note(Violation::leak, "free_fn of the log is owed %d times, of the source %d times",
                  log_owner.alive.load(), source_owner.alive.load());
}

void budgets(Pass &pass)
{
    const CoreOwner core = make_core(pass, 1 * mib);
    const RegionOwner region = make_region(pass, core.get(), 256 * kib, 8, 16 * kib, from_mixed_words);
    if (!core || !region)
        return;
    Array array(pass, region.get(), {.words = 256 * kib, .stride = 16});
    constexpr std::size_t sizes[] = {512 * kib, 2 * mib, 128 * kib, 1 * mib, 96 * kib, 256 * kib};
    std::uint64_t seed = 12;
    for (const std::size_t bytes : sizes) {
        mixed_steps(array, {.steps = 40, .seed = seed++, .block = 1000, .pins = false});
        if (pass.ok(ufo_core_set_budget(core.get(), bytes), "ufo_core_set_budget")) {
            ufo_core_stats stats{};
            stats.struct_size = sizeof stats;
            if (ufo_core_stats_get(core.get(), &stats) != UFO_OK || stats.used_bytes > stats.budget_bytes
                || stats.budget_bytes != bytes)
                pass.note(Violation::broken, "%zu bytes are used, %zu allowed, %zu wanted",
                          static_cast<std::size_t>(stats.used_bytes), static_cast<std::size_t>(stats.budget_bytes),
                          bytes);
        }
    }
    array.finish();
}

/// A thread looks how much memory there is, four times a second, and the program changes what it may have.
void adapting(Pass &pass)
{
    constexpr std::size_t least = 256 * kib;
    const CoreOwner core = make_core(pass, 2 * mib, [](ufo_core_config *config) {
        return ufo_core_config_set_least_budget(config, least);
    });
    const RegionOwner region = make_region(pass, core.get(), 256 * kib, 8, 16 * kib, from_mixed_words);
    if (!core || !region)
        return;
    Array array(pass, region.get(), {.words = 256 * kib, .stride = 16});
    std::uint64_t seed = 17;
    for (const std::size_t bytes : {1 * mib, 128 * kib, 2 * mib}) {
        mixed_steps(array, {.steps = 40, .seed = seed++, .block = 1000, .pins = false});
        usleep(300'000); // for a look
        (void)pass.ok(ufo_core_set_budget(core.get(), bytes), "ufo_core_set_budget");
    }
    array.finish();
}

struct Worker {
    Pass *pass;
    Array *array;
    std::uint64_t seed;
};

/// Two arrays, two threads to each: one that changes it, by all means, and one that only lets it leave and come again.
void threads(Pass &pass)
{
    const CoreOwner core = make_core(pass, 384 * kib);
    const RegionOwner left = make_region(pass, core.get(), 64 * kib, 8, 4 * kib, from_mixed_words);
    const RegionOwner right = make_region(pass, core.get(), 64 * kib, 8, 32 * kib, from_mixed_words);
    if (!core || !left || !right)
        return;
    Array arrays[] = {{pass, left.get(), {.words = 64 * kib}}, {pass, right.get(), {.words = 64 * kib}}};
    std::array<Worker, 4> workers{};
    std::array<pthread_t, 4> ids{};
    pass.step("using");
    for (std::size_t i = 0; i < workers.size(); ++i) {
        workers[i] = {&pass, &arrays[i % 2], 20 + i};
        const auto changes = [](void *argument) -> void * {
            const auto &worker = *static_cast<Worker *>(argument);
            mixed_steps(*worker.array,
                        {.steps = 150, .seed = worker.seed, .block = 700, .resets = false, .pins = false});
            return nullptr;
        };
        const auto disturbs = [](void *argument) -> void * {
            const auto &worker = *static_cast<Worker *>(argument);
            std::uint64_t word = 0;
            for (std::size_t at = 0; at < worker.array->slots(); at += 700) {
                (void)worker.pass->ok(ufo_read(worker.array->region(), at, 1, &word), "ufo_read");
                if (at % 3 == 0)
                    (void)worker.pass->ok(ufo_evict(worker.array->region(), at, 1), "ufo_evict");
            }
            return nullptr;
        };
        pthread_create(&ids[i], nullptr, i < 2 ? +changes : +disturbs, &workers[i]);
    }
    for (const pthread_t id : ids)
        pthread_join(id, nullptr);
    pass.settle();
    for (Array &array : arrays)
        array.recover_and_verify();
    pass.resume();
    pass.step("freeing");
}

/// In the child nothing of the parent's is of use, and everything of its own is.
int child_of_fork(Pass &pass, ufo_core *parents_core, ufo *parents)
{
    std::uint64_t word = 0;
    if (ufo_read(parents, 0, 1, &word) != UFO_ERR_FORKED)
        return 1;
    uint64_t *data = static_cast<uint64_t *>(ufo_data(parents));
    if (data)
        return 2;
    ufo_free(parents);
    ufo_core_free(parents_core);
    const CoreOwner core = make_core(pass, 256 * kib);
    const RegionOwner region = make_region(pass, core.get(), 32 * kib, 8, 4 * kib, from_mixed_words);
    if (!core || !region)
        return 3;
    Array array(pass, region.get(), {.words = 32 * kib});
    mixed_steps(array, {.steps = 60, .seed = 13, .block = 500});
    pass.settle();
    array.recover_and_verify();
    return 0;
}

void forked(Pass &pass)
{
    const CoreOwner core = make_core(pass, 256 * kib);
    const RegionOwner region = make_region(pass, core.get(), 32 * kib, 8, 4 * kib, from_mixed_words);
    if (!core || !region)
        return;
    Array array(pass, region.get(), {.words = 32 * kib});
    mixed_steps(array, {.steps = 60, .seed = 14, .block = 500});
    const pid_t child = fork();
    if (child == 0)
        _exit(child_of_fork(pass, core.get(), region.get()));
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        pass.note(Violation::broken, "the forked child ended with %#x", static_cast<unsigned>(status));
    mixed_steps(array, {.steps = 60, .seed = 15, .block = 500});
    array.finish();
}

/// Loads and stores by the words, as the run-time of a language makes them; what they do not reach, by call.
void outside_reader(Pass &pass)
{
    constexpr std::size_t words = 32 * kib;
    const CoreOwner core = make_core(pass, 128 * kib);
    RegionOwner region = make_region(pass, core.get(), words, 8, 4 * kib, from_mixed_words);
    if (!core || !region)
        return;
    ufo_residency residency{};
    residency.struct_size = sizeof residency;
    bool open = false;
    for (int attempt = 0; attempt < 3 && !open; ++attempt)
        open = pass.ok(ufo_residency_open(region.get(), &residency), "ufo_residency_open");
    std::vector<std::uint64_t> expected(words);
    for (std::size_t i = 0; i < words; ++i)
        expected[i] = mixed_word(i);
    Random numbers(16);
    const auto one_access = [&](bool store) {
        const std::uint64_t random = numbers.next();
        const std::size_t at = static_cast<std::size_t>(random >> 33) % words;
        if (open) {
            const std::size_t chunk = at * 8 / residency.chunk_bytes;
            std::uint32_t word = __atomic_load_n(&residency.words[chunk], __ATOMIC_SEQ_CST);
            while ((word & residency.mask) == residency.resident && (!store || (word & residency.dirty) != 0)) {
                if (!__atomic_compare_exchange_n(&residency.words[chunk], &word, word + residency.one_hold, false,
                                                 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
                    continue;
                auto *place = reinterpret_cast<std::uint64_t *>(residency.data) + at;
                if (store)
                    *place = expected[at] = random;
                else if (*place != expected[at])
                    pass.note(Violation::wrong, "word %zu, seen from outside", at);
                word = __atomic_sub_fetch(&residency.words[chunk], residency.one_hold, __ATOMIC_SEQ_CST);
                if ((word & residency.holds) == 0 && (word & residency.waiters) != 0)
                    ufo_residency_wake(&residency, chunk);
                pass.note_checked(1);
                return;
            }
        }
        std::uint64_t value = random;
        if (store) {
            if (pass.ok(ufo_write(region.get(), at, 1, &value), "ufo_write"))
                expected[at] = random;
        } else if (pass.ok(ufo_read(region.get(), at, 1, &value), "ufo_read") && value != expected[at]) {
            pass.note(Violation::wrong, "word %zu is %#llx", at, static_cast<unsigned long long>(value));
        }
    };
    pass.step("using");
    for (int i = 0; i < 3000; ++i)
        one_access(i % 3 == 0);
    pass.settle();
    for (std::size_t at = 0; at < words; ++at) {
        std::uint64_t value = 0;
        if (ufo_read(region.get(), at, 1, &value) != UFO_OK) {
            (void)ufo_reset(region.get(), at, 1);
            (void)pass.ok(ufo_read(region.get(), at, 1, &value), "ufo_read");
        }
        if (value != expected[at])
            pass.note(Violation::lost, "word %zu is %#llx, and should be %#llx", at,
                      static_cast<unsigned long long>(value), static_cast<unsigned long long>(expected[at]));
    }
    pass.resume();
    pass.step("freeing");
    region.reset();
    if (open)
        ufo_residency_close(&residency);
}

constexpr Scenario all[] = {
    {"life", life, true},
    {"budgets", budgets},
    {"threads", threads},
    {"forked", forked},
    {"outside-reader", outside_reader},
    {"adapting", adapting},
};

} // namespace

std::span<const Scenario> surrounding_scenarios() { return all; }

} // namespace torture
