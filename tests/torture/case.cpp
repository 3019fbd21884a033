// SPDX-License-Identifier: MIT
#include "case.hpp"

#include "guard.hpp"
#include "inject/ledger.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace torture {
namespace {

constexpr Variant all_variants[] = {
    {"default", nullptr, nullptr},
    {"move-off", nullptr, "move"},
    {"no-wp", nullptr, "move,write_protect"},
    {"no-poison", nullptr, "poison"},
    {"user-mode", nullptr, "userfaultfd_device,userfaultfd_syscall"},
    {"inline", "inline", nullptr},
    {"protect", "protect", nullptr},
};

std::size_t entries_of(const char *folder)
{
    std::size_t count = 0;
    if (DIR *directory = opendir(folder)) {
        while (readdir(directory))
            ++count;
        closedir(directory);
    }
    return count;
}

struct Inventory {
    Ledger::Snapshot ledger;
    std::size_t descriptors = 0;
    std::size_t threads = 0;
};

/// Threads that have been joined are in the list for a moment yet.
std::size_t threads_alive(std::size_t expected)
{
    std::size_t threads = 0;
    for (int i = 0; i < 2000; ++i) {
        threads = entries_of("/proc/self/task");
        if (threads <= expected)
            break;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return threads;
}

Inventory take_inventory(std::size_t expected_threads)
{
    Inventory inventory;
    inventory.threads = threads_alive(expected_threads);
    inventory.descriptors = entries_of("/proc/self/fd");
    inventory.ledger = Ledger::of_process().snapshot();
    return inventory;
}

void compare_holdings(Journal &journal, const std::map<std::uint64_t, Ledger::Holding> &before,
                      const std::map<std::uint64_t, Ledger::Holding> &after, bool mapping)
{
    for (const auto &[site, now] : after) {
        const auto found = before.find(site);
        const Ledger::Holding then = found != before.end() ? found->second : Ledger::Holding{};
        // Neighbouring mappings are cut and joined: what counts is their size.
        if (mapping ? now.bytes <= then.bytes : now.count <= then.count)
            continue;
        const std::uint32_t at = journal.held_count.load();
        if (at == Journal::most_held)
            return;
        journal.held[at] = {site, now.count - then.count, now.bytes - then.bytes, mapping};
        journal.held_count.store(at + 1);
    }
}

void compare(Journal &journal, const Inventory &before, const Inventory &after)
{
    if (after.threads > before.threads)
        journal.note(Violation::leak, "%zu threads more than before", after.threads - before.threads);
    if (after.descriptors > before.descriptors)
        journal.note(Violation::leak, "%zu descriptors more than before", after.descriptors - before.descriptors);
    compare_holdings(journal, before.ledger.allocations, after.ledger.allocations, false);
    // The kernel did not take it back, and nobody can make it.
    if (!Injector::of_process().has_hit(Call::munmap))
        compare_holdings(journal, before.ledger.mappings, after.ledger.mappings, true);
}

void run_pass(const Case &one, Journal &journal, Pass::Kind kind)
{
    Pass pass(journal, kind, one.folder);
    one.scenario->run(pass);
}

void set_up(const Case &one, Journal &journal)
{
    setpgid(0, 0);
    mallopt(M_ARENA_MAX, 1);
    if (one.quiet) {
        const int nowhere = ::open("/dev/null", O_RDWR);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        close(nowhere);
    }
    unsetenv("UFOMEM_DELIVERY");
    unsetenv("UFOMEM_FEATURES_OFF");
    if (one.variant->delivery)
        setenv("UFOMEM_DELIVERY", one.variant->delivery, 1);
    if (one.variant->features_off)
        setenv("UFOMEM_FEATURES_OFF", one.variant->features_off, 1);
    install_guard();
    Injector::of_process().start(&journal.sites, one.frames);
}

[[noreturn]] void child(const Case &one, Journal &journal)
{
    set_up(one, journal);
    Injector &injector = Injector::of_process();
    Inventory before;
    const std::size_t threads = entries_of("/proc/self/task");
    if (one.warm) {
        run_pass(one, journal, Pass::Kind::clean);
        before = take_inventory(threads);
    }
    injector.set_rules(one.rules);
    injector.go_on();
    run_pass(one, journal, Pass::Kind::faulty);
    injector.stop();
    journal.hits = injector.hits();
    run_pass(one, journal, Pass::Kind::clean);
    if (!one.warm) {
        before = take_inventory(threads);
        run_pass(one, journal, Pass::Kind::clean);
    }
    compare(journal, before, take_inventory(threads));
    journal.finished = true;
    _exit(0);
}

[[noreturn]] void recording_child(const Case &one, Journal &journal)
{
    set_up(one, journal);
    if (one.warm) {
        run_pass(one, journal, Pass::Kind::clean);
        journal.sites.clear();
    }
    run_pass(one, journal, Pass::Kind::clean);
    journal.finished = true;
    _exit(0);
}

/// How long one of the process's threads has waited for a processor, at most.
std::chrono::nanoseconds starved(pid_t process)
{
    std::int64_t most = 0;
    std::error_code ignored;
    for (const auto &task : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", ignored)) {
        std::int64_t ran = 0;
        std::int64_t waited = 0;
        std::ifstream(task.path() / "schedstat") >> ran >> waited;
        most = std::max(most, waited);
    }
    return std::chrono::nanoseconds(most);
}

/// False if the time is up; on a busy machine it is up later.
bool wait_for_end(pid_t process, std::chrono::seconds limit)
{
    using Clock = std::chrono::steady_clock;
    constexpr int most_times = 20;
    const auto begin = Clock::now();
    const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, process, 0U));
    pollfd wanted{descriptor, POLLIN, 0};
    int ready = 0;
    for (auto end = begin + limit; ready == 0 && Clock::now() < end; end = std::min(begin + limit + starved(process), begin + most_times * limit))
        ready = poll(&wanted, 1, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count()) + 1);
    close(descriptor);
    return ready == 1;
}

void supervise(const Case &one, Journal &journal, pid_t process)
{
    const bool ended = wait_for_end(process, std::chrono::seconds(one.time_limit_seconds));
    if (!ended) {
        journal.note(Violation::hang, "after %d s, %s", one.time_limit_seconds, journal.step);
        if (one.wait) {
            std::fprintf(stderr, "process %d hangs; look at it, and end it\n", process);
            waitpid(process, nullptr, 0);
            return;
        }
    }
    if (!ended || !journal.finished) // with children of its own
        kill(-process, SIGKILL);
    int status = 0;
    waitpid(process, &status, 0);
    if (ended && WIFSIGNALED(status))
        journal.note(Violation::crash, "signal %d, %s", WTERMSIG(status), journal.step);
    else if (ended && !journal.finished)
        journal.note(Violation::crash, "exit status %d, %s", WEXITSTATUS(status), journal.step);
}

} // namespace

std::span<const Variant> variants() { return all_variants; }

const Variant *variant_named(std::string_view name)
{
    for (const Variant &variant : all_variants)
        if (name == variant.name)
            return &variant;
    return nullptr;
}

void run_case(const Case &one, Journal &journal)
{
    journal.clear();
    const pid_t process = fork();
    if (process == 0)
        child(one, journal);
    supervise(one, journal, process);
}

void record(const Case &one, Journal &journal)
{
    journal.clear();
    const pid_t process = fork();
    if (process == 0)
        recording_child(one, journal);
    supervise(one, journal, process);
}

} // namespace torture
