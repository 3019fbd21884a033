// SPDX-License-Identifier: MIT
// A process that changes a file through lazy memory is killed at a random moment, again and again.  Afterwards the file has everything whose flush was
// acknowledged; and whatever the moment, each page is one that was written as a whole: old or new, never a mixture.
//
// The kernel survives: this is about what the library keeps to itself, and in which order it writes.  That fdatasync() reaches the disk is the kernel's word.
#include "random.hpp"

#include <ufomem/ufo.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using torture::Random;

constexpr std::size_t page_words = 512;
constexpr std::size_t page_bytes = page_words * 8;
constexpr std::size_t pages = 512;
constexpr std::size_t chunk_pages = 4;
constexpr std::size_t budget = 96 * page_bytes; // so that most of it has to leave again and again
constexpr std::size_t writers = 2;

struct Way {
    const char *name, *delivery, *features_off;
};
constexpr Way ways[] = {{"default", nullptr, nullptr},
                        {"move-off", nullptr, "move"},
                        {"no-wp", nullptr, "move,write_protect"},
                        {"inline", "inline", nullptr},
                        {"protect", "protect", nullptr}};

std::uint64_t word_of(std::size_t page, std::uint64_t version, std::size_t index)
{
    if (index == 0)
        return version;
    std::uint64_t value =
        (page + 1) * 0x9e3779b97f4a7c15ULL ^ version * 0xbf58476d1ce4e5b9ULL ^ index * 0x94d049bb133111ebULL;
    return value ^ value >> 29;
}

using Page = std::array<std::uint64_t, page_words>;

Page content_of(std::size_t page, std::uint64_t version)
{
    Page content;
    for (std::size_t i = 0; i < page_words; ++i)
        content[i] = word_of(page, version, i);
    return content;
}

/// What parent and child both see, and what outlives the child.
struct Shared {
    std::atomic<std::uint64_t> begun[pages]; ///< the newest version that may be anywhere
    std::atomic<bool> ready;
    std::atomic<std::uint64_t> writes;
    std::atomic<std::uint64_t> flushes;
};

struct Acknowledged {
    std::uint64_t page, version;
};

[[noreturn]] void fail_child(const char *what)
{
    std::fprintf(stderr, "child: %s: %s\n", what, ufo_last_error());
    _exit(1);
}

/// Stores by pointer against flushes: ufo_flush() takes what is pinned as it is at that moment, were it half of what a program is about to store.  Whoever
/// wants it whole uses ufo_write(), which needs no such lock, or keeps the two apart.
std::shared_mutex g_storing;

/// Changes pages of its own: every writer-th.
void write_for_ever(ufo *region, Shared &shared, int acknowledge, std::size_t number, std::uint64_t seed,
                    std::vector<std::uint64_t> versions)
{
    Random random(seed + number * 77);
    auto *memory = static_cast<std::uint64_t *>(ufo_data(region));
    for (;;) {
        const std::size_t page = random.below(pages / writers) * writers + number;
        const std::size_t first = page * page_words;
        const std::uint64_t version = ++versions[page];
        const Page content = content_of(page, version);
        shared.begun[page].store(version);
        if (random.below(2) == 0) {
            if (ufo_write(region, first, page_words, content.data()) != UFO_OK)
                fail_child("ufo_write");
        } else { // pinned, so that it does not leave half-written
            const std::shared_lock lock(g_storing);
            if (ufo_pin_write(region, first, page_words) != UFO_OK)
                fail_child("ufo_pin_write");
            std::memcpy(memory + first, content.data(), page_bytes);
            if (ufo_unpin(region, first, page_words) != UFO_OK)
                fail_child("ufo_unpin");
        }
        shared.writes.fetch_add(1);
        if (random.below(24) != 0)
            continue;
        // All of it, or a range; what is told of is this writer's own.
        const std::size_t begin = random.below(2) == 0 ? 0 : random.below(pages);
        const std::size_t count = begin == 0 ? pages : std::min(pages - begin, 1 + random.below(64));
        {
            const std::unique_lock lock(g_storing);
            if (ufo_flush(region, begin * page_words, count * page_words) != UFO_OK)
                fail_child("ufo_flush");
        }
        shared.flushes.fetch_add(1);
        std::vector<Acknowledged> list;
        for (std::size_t one = begin; one < begin + count; ++one)
            if (one % writers == number)
                list.push_back({one, versions[one]});
        for (std::size_t at = 0; at < list.size(); at += 256) { // not more than a pipe takes at once
            const std::size_t part = std::min<std::size_t>(256, list.size() - at) * sizeof list[0];
            if (write(acknowledge, &list[at], part) != static_cast<ssize_t>(part))
                _exit(1);
        }
    }
}

[[noreturn]] void child(const std::string &path, const Way &way, Shared &shared, int acknowledge, std::uint64_t seed,
                        const std::vector<std::uint64_t> &versions)
{
    if (way.delivery)
        setenv("UFOMEM_DELIVERY", way.delivery, 1);
    if (way.features_off)
        setenv("UFOMEM_FEATURES_OFF", way.features_off, 1);
    ufo_core_config *core_config = ufo_core_config_new();
    ufo_core_config_set_budget(core_config, budget);
    ufo_core *core = ufo_core_new(core_config);
    ufo_config *config = ufo_config_new();
    ufo_config_set_elements(config, pages * page_words, 8);
    ufo_config_set_chunk(config, chunk_pages * page_words);
    ufo *region = core && ufo_config_set_file(config, path.c_str(), 0, UFO_FILE_WRITEBACK) == UFO_OK
                      ? ufo_new(core, config)
                      : nullptr;
    if (!region) {
        std::fprintf(stderr, "child: %s\n", ufo_last_error());
        _exit(core ? 1 : 77);
    }
    shared.ready = true;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < writers; ++i)
        threads.emplace_back(write_for_ever, region, std::ref(shared), acknowledge, i, seed, versions);
    for (std::thread &thread : threads)
        thread.join();
    _exit(1);
}

struct Totals {
    std::uint64_t cycles = 0, writes = 0, flushes = 0, acknowledged = 0, newer = 0, lost = 0, mixed = 0, ahead = 0,
                  failed = 0, skipped = 0;
};

class Cycles {
  public:
    Cycles(std::string folder, std::uint64_t seed)
        : path_(std::move(folder) + "/ufomem-kill9-XXXXXX"), random_(seed), versions_(pages, 0)
    {
        descriptor_ = mkstemp(path_.data());
        for (std::size_t page = 0; page < pages; ++page) {
            const Page content = content_of(page, 0);
            if (descriptor_ < 0
                || pwrite(descriptor_, content.data(), page_bytes, static_cast<off_t>(page * page_bytes))
                       != page_bytes) {
                std::perror(path_.c_str());
                std::exit(2);
            }
        }
        shared_ =
            new (mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Shared{};
    }
    ~Cycles()
    {
        unlink(path_.c_str());
        close(descriptor_);
        munmap(shared_, sizeof(Shared));
    }
    Cycles(const Cycles &) = delete;
    Cycles &operator=(const Cycles &) = delete;

    bool run(Totals &totals)
    {
        const Way &way = ways[random_.below(std::size(ways))];
        const auto lifetime = std::chrono::microseconds(random_.below(30'000));
        const std::uint64_t child_seed = random_.state();
        int channel[2];
        if (pipe(channel) != 0)
            return false;
        shared_->ready = false;
        for (std::size_t page = 0; page < pages; ++page)
            shared_->begun[page] = versions_[page];
        const pid_t process = fork();
        if (process == 0) {
            close(channel[0]);
            child(path_, way, *shared_, channel[1], child_seed, versions_);
        }
        close(channel[1]);
        const int status = end_child(process, lifetime, channel[0]);
        close(channel[0]);
        if (WIFEXITED(status)) { // by itself
            if (WEXITSTATUS(status) == 77)
                return ++totals.skipped, true;
            std::printf("cycle %" PRIu64 ", %s: the child ended by itself, with %d\n", totals.cycles, way.name,
                        WEXITSTATUS(status));
            return ++totals.failed, false;
        }
        ++totals.cycles;
        totals.acknowledged += acknowledged_count_;
        return look(totals, way.name);
    }

  private:
    /// Reads what the child acknowledges until the moment has come, and what is left in the pipe after its end.
    int end_child(pid_t process, std::chrono::microseconds lifetime, int channel)
    {
        acknowledged_ = versions_;
        acknowledged_count_ = 0;
        using Clock = std::chrono::steady_clock;
        const auto limit = Clock::now() + std::chrono::seconds(20);
        while (!shared_->ready && Clock::now() < limit && waitpid(process, nullptr, WNOHANG | WNOWAIT) == 0)
            usleep(100);
        const auto end = Clock::now() + lifetime;
        pollfd wanted{channel, POLLIN, 0};
        while (Clock::now() < end) {
            const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(end - Clock::now()).count();
            const timespec wait{0, static_cast<long>(std::max<std::int64_t>(left, 0))};
            if (ppoll(&wanted, 1, &wait, nullptr) == 1 && !take(channel))
                break;
        }
        kill(process, SIGKILL);
        int status = 0;
        waitpid(process, &status, 0);
        while (take(channel)) {
        }
        return status;
    }

    bool take(int channel)
    {
        Acknowledged list[256];
        const ssize_t got = read(channel, list, sizeof list);
        for (std::size_t i = 0; got > 0 && i < static_cast<std::size_t>(got) / sizeof list[0]; ++i) {
            acknowledged_[list[i].page] = std::max(acknowledged_[list[i].page], list[i].version);
            ++acknowledged_count_;
        }
        return got > 0;
    }

    bool look(Totals &totals, const char *way)
    {
        bool good = true;
        const auto complain = [&](std::uint64_t &count, const char *what, std::size_t page, std::uint64_t found) {
            if (count++ < 5)
                std::printf("cycle %" PRIu64 ", %s: page %zu %s: version %" PRIu64 ", acknowledged %" PRIu64
                            ", begun %" PRIu64 "\n",
                            totals.cycles, way, page, what, found, acknowledged_[page], shared_->begun[page].load());
            good = false;
        };
        for (std::size_t page = 0; page < pages; ++page) {
            Page found;
            if (pread(descriptor_, found.data(), page_bytes, static_cast<off_t>(page * page_bytes)) != page_bytes)
                complain(totals.lost, "cannot be read", page, 0);
            const std::uint64_t version = found[0];
            if (version < acknowledged_[page])
                complain(totals.lost, "was flushed, and is old", page, version);
            if (version > shared_->begun[page])
                complain(totals.ahead, "was never written", page, version);
            if (const Page whole = content_of(page, version); found != whole) {
                complain(totals.mixed, "is mixed", page, version);
                std::size_t same = 0;
                while (found[same] == whole[same])
                    ++same;
                std::size_t index = same;
                std::uint64_t other = 0;
                while (other < version && found[index] != word_of(page, other, index))
                    ++other;
                std::printf("  %zu bytes of it are, what follows is of version %" PRIu64 "\n", same * 8, other);
                repair(page, version);
            }
            totals.newer += version > acknowledged_[page];
            versions_[page] = version;
        }
        totals.writes += shared_->writes.exchange(0);
        totals.flushes += shared_->flushes.exchange(0);
        return good;
    }

    /// So that it is complained of once.
    void repair(std::size_t page, std::uint64_t version)
    {
        const Page content = content_of(page, version);
        (void)!pwrite(descriptor_, content.data(), page_bytes, static_cast<off_t>(page * page_bytes));
    }

    std::string path_;
    int descriptor_ = -1;
    Random random_;
    Shared *shared_ = nullptr;
    std::vector<std::uint64_t> versions_;     ///< that the file holds
    std::vector<std::uint64_t> acknowledged_; ///< that it has to hold at least
    std::uint64_t acknowledged_count_ = 0;
};

} // namespace

int main(int argc, char **argv)
{
    std::uint64_t cycles = 200;
    std::uint64_t seed = 1;
    std::vector<std::string> folders;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        if (name == "--cycles")
            cycles = std::strtoull(argv[i + 1], nullptr, 10);
        else if (name == "--seed")
            seed = std::strtoull(argv[i + 1], nullptr, 10);
        else if (name == "--folder")
            folders.emplace_back(argv[i + 1]);
        else
            argc = 0;
    }
    if (argc % 2 == 0) {
        std::fprintf(stderr, "usage: kill9 [--cycles N] [--seed N] [--folder PATH]...\n");
        return 2;
    }
    if (folders.empty())
        folders = {"/dev/shm", "/var/tmp"};
    Totals all;
    for (const std::string &folder : folders) {
        if (access(folder.c_str(), W_OK) != 0) {
            std::printf("%s cannot be written to: left out\n", folder.c_str());
            continue;
        }
        Cycles one(folder, seed);
        Totals totals;
        while (totals.cycles + totals.failed + totals.skipped < cycles)
            (void)one.run(totals);
        std::printf("%s: --seed %" PRIu64 ": kills %" PRIu64 " (skipped %" PRIu64 "), pages written %" PRIu64
                    ", flushes %" PRIu64 ", pages acknowledged %" PRIu64 ", newer than acknowledged %" PRIu64
                    "; lost %" PRIu64 ", mixed %" PRIu64 ", never written %" PRIu64 ", failed %" PRIu64 "\n",
                    folder.c_str(), seed, totals.cycles, totals.skipped, totals.writes, totals.flushes,
                    totals.acknowledged, totals.newer, totals.lost, totals.mixed, totals.ahead, totals.failed);
        all.cycles += totals.cycles;
        all.skipped += totals.skipped;
        all.failed += totals.failed + totals.lost + totals.mixed + totals.ahead;
    }
    if (all.failed != 0)
        return 1;
    return all.cycles != 0 ? 0 : 77;
}
