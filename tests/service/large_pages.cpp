// SPDX-License-Identifier: MIT
// What comes as large pages comes like everything else: nobody sees a part of it, it takes the memory that it is charged for, and a chunk leaves alone.
#include "unit/unit.hpp"

#include "backing/served.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace ufomem;
using unit::Random;

namespace {

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;
constexpr std::size_t page = 4096;
constexpr std::size_t array_bytes = 16 * MiB;
const char core_memory = 0;

class NobodyLeaves final : public Reclaimer {
  public:
    Outcome reclaim(std::size_t) override { return {}; }
};

/// The memory of a served array of bytes 1, 2 ... 251, 1, 2 ...; whole ranges come and go.
class Scene {
  public:
    explicit Scene(std::size_t chunk_bytes)
        : geometry(make_geometry(chunk_bytes)), budget(64 * MiB, 50, 100), frames(budget, nullptr, &core_memory, heap)
    {
        Result<kernel::Userfaultfd> opened = kernel::Userfaultfd::open(pagemap, 0, kernel::Faults::as_messages);
        if (!opened.ok())
            skip();
        faults = std::move(*opened);
        frames.set_reclaimer(reclaimer);
        backing = std::make_unique<ServedBacking>(geometry, frames, faults, pipes, audience);
        assert_ok(backing->map(nullptr));
        if (!audience->memory().has_large_pages()) {
            print_message("large pages take Linux 6.14 and CAP_SYS_ADMIN\n");
            skip();
        }
    }
    ~Scene()
    {
        if (backing->body())
            (void)backing->unmap(Backing::Addresses::given_back);
    }

    bool bring_in(ByteRange pages)
    {
        Result<Staging> staging = backing->stage(pages, Access::read);
        if (!staging.ok())
            return false;
        for (std::size_t i = 0; i < pages.length; ++i)
            staging->data[i] = pattern(pages.offset + i);
        return backing->install(pages, *staging, Access::read, kernel::Wake::no).ok();
    }
    bool take_out(ByteRange pages)
    {
        Result<Outgoing> outgoing = backing->take_out(pages, false);
        if (!outgoing.ok())
            return false;
        backing->finish({&*outgoing, 1});
        return true;
    }
    static std::byte pattern(std::size_t offset) { return static_cast<std::byte>(1 + offset % 251); }
    static bool is_pattern(const std::byte *data, std::size_t offset, std::size_t size)
    {
        for (std::size_t i = 0; i < size; ++i)
            if (data[i] != pattern(offset + i))
                return false;
        return true;
    }
    /// By the kernel's count.
    std::size_t memory() const
    {
        struct stat info {};
        return fstat(audience->memory().readable().descriptor(), &info) == 0
                   ? static_cast<std::size_t>(info.st_blocks) * 512
                   : 0;
    }

    const Geometry geometry;
    kernel::Pagemap pagemap;
    kernel::Userfaultfd faults;
    kernel::PagePipes pipes;
    Budget budget;
    Heap heap;
    Frames frames;
    NobodyLeaves reclaimer;
    std::shared_ptr<Audience> audience = std::make_shared<Audience>();
    std::unique_ptr<ServedBacking> backing;

  private:
    static Geometry make_geometry(std::size_t chunk_bytes)
    {
        Geometry::Request request;
        request.count = array_bytes;
        request.element_size = 1;
        request.min_chunk_elements = chunk_bytes;
        Result<Geometry> geometry = Geometry::make(request);
        assert_ok(geometry);
        return *geometry;
    }
};

/// Another mapping of the memory, as a client has it; what is absent cannot be read.
class Reader {
  public:
    explicit Reader(const Scene &scene)
    {
        Result<kernel::Userfaultfd> opened = kernel::Userfaultfd::open(pagemap_, 0, kernel::Faults::as_signals);
        assert_ok(opened);
        faults_ = std::move(*opened);
        Result<kernel::Mapping> mapped = kernel::map_readable(scene.audience->memory().readable().descriptor(),
                                                              array_bytes, kernel::Sharing::private_);
        assert_ok(mapped);
        mapping_ = std::move(*mapped);
        assert_ok(faults_.watch_absent(mapping_.data(), mapping_.size()));
    }
    bool read(std::size_t offset, std::byte (&out)[page]) const
    {
        return kernel::copy_guarded(out, mapping_.data() + offset, page);
    }
    /// Whether all of it is there, and right.
    bool has(ByteRange pages) const
    {
        std::byte data[page];
        for (std::size_t at = pages.offset; at < pages.end(); at += page)
            if (!read(at, data) || !Scene::is_pattern(data, at, page))
                return false;
        return true;
    }
    bool has_nothing_of(ByteRange pages) const
    {
        std::byte data[page];
        for (std::size_t at = pages.offset; at < pages.end(); at += page)
            if (read(at, data))
                return false;
        return true;
    }

  private:
    kernel::Pagemap pagemap_;
    kernel::Userfaultfd faults_;
    kernel::Mapping mapping_;
};

void readers_see_all_of_a_page_or_nothing(void **)
{
    for (const std::size_t chunk : {64 * KiB, 256 * KiB, MiB, 4 * MiB}) {
        Scene scene(chunk);
        const Reader reader(scene);
        std::atomic<bool> end{false};
        std::atomic<std::size_t> wrong{0}, seen{0}, failed{0};
        std::thread fills([&] {
            Random random(chunk);
            // On a busy machine readers may come late.
            const std::size_t rounds = unit::rounds(100);
            for (std::size_t round = 0; round < rounds || (seen == 0 && round < 100 * rounds); ++round) {
                const std::size_t size = std::min(chunk << random.below(6), 4 * MiB); // chunks, or several
                const ByteRange pages{random.below(array_bytes / size) * size, size};
                failed += !scene.bring_in(pages);
                failed += !scene.take_out(pages);
            }
            end.store(true);
        });
        unit::on_threads(2, [&](std::size_t thread) {
            Random random(thread);
            std::byte data[page];
            while (!end.load()) {
                const std::size_t at = random.below(array_bytes / page) * page;
                if (!reader.read(at, data))
                    continue;
                ++seen;
                wrong += !Scene::is_pattern(data, at, page);
            }
        });
        fills.join();
        assert_int_equal(failed, 0);
        assert_int_equal(wrong, 0);
        assert_true(seen != 0);
        assert_int_equal(scene.memory(), 0);
    }
}

void each_takes_its_own_memory_and_leaves_alone(void **)
{
    for (const std::size_t chunk : {64 * KiB, 128 * KiB, MiB, 2 * MiB}) {
        Scene scene(chunk);
        const Reader reader(scene);
        // One; a neighbour; and several at once.
        const ByteRange one{3 * chunk, chunk}, neighbour{2 * chunk, chunk}, several{4 * chunk, 4 * chunk};
        assert_true(scene.bring_in(one));
        assert_int_equal(scene.memory(), chunk);
        assert_true(reader.has(one));
        assert_true(reader.has_nothing_of({0, one.offset}));
        assert_true(scene.bring_in(neighbour));
        assert_true(scene.bring_in(several));
        assert_int_equal(scene.memory(), 6 * chunk);
        assert_true(reader.has({neighbour.offset, 6 * chunk}));
        assert_true(reader.has_nothing_of({several.end(), array_bytes - several.end()}));
        const ByteRange inner{5 * chunk, chunk};
        assert_true(scene.take_out(inner));
        assert_true(scene.take_out(one));
        assert_int_equal(scene.memory(), 4 * chunk);
        assert_true(reader.has_nothing_of(inner));
        assert_true(reader.has_nothing_of(one));
        assert_true(reader.has(neighbour));
        assert_true(reader.has({4 * chunk, chunk}));
        assert_true(reader.has({6 * chunk, 2 * chunk}));
    }
}

/// How many pages of a size the system was asked for, by files in memory.
long long asked_for(std::size_t bytes)
{
    long long sum = -1;
    for (const char *what : {"shmem_alloc", "shmem_fallback"}) {
        const std::string path =
            "/sys/kernel/mm/transparent_hugepage/hugepages-" + std::to_string(bytes / KiB) + "kB/stats/" + what;
        std::FILE *file = std::fopen(path.c_str(), "re");
        long long count = 0;
        if (file && std::fscanf(file, "%lld", &count) == 1)
            sum = std::max(sum, 0LL) + count;
        if (file)
            std::fclose(file);
    }
    return sum;
}

void pages_are_large(void **)
{
    Scene scene(64 * KiB);
    const long long before = asked_for(64 * KiB);
    if (before < 0)
        skip(); // the kernel does not count them
    assert_true(scene.bring_in({0, 2 * MiB}));
    assert_true(asked_for(64 * KiB) - before >= 16); // of 32 chunks
}

void something_in_the_way_is_replaced(void **)
{
    Scene scene(256 * KiB);
    const Reader reader(scene);
    const ByteRange pages{256 * KiB, 256 * KiB};
    // As a client could do that reads what it has not registered; and a thread of the service's own that could not be served.
    const std::byte zeros[page] = {};
    for (const std::size_t at : {pages.offset + 8 * page, pages.end() - page}) {
        const kernel::Transfer copied =
            scene.faults.copy(scene.backing->body() + at, zeros, page, false, kernel::Wake::no);
        assert_int_equal(copied.error, 0);
    }
    assert_true(scene.faults.poison(scene.backing->body() + pages.offset, page));
    assert_true(scene.bring_in(pages));
    assert_true(reader.has(pages));
    std::byte data[page];
    assert_true(kernel::copy_guarded(data, scene.backing->body() + pages.offset, page));
    assert_int_equal(scene.memory(), pages.length);
}

void without_pipes_they_are_small(void **)
{
    Scene scene(64 * KiB);
    const Reader reader(scene);
    rlimit before{};
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const bool came = scene.bring_in({0, 2 * MiB});
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(came);
    assert_true(scene.pipes.usable());
    assert_true(reader.has({0, 2 * MiB}));
    assert_int_equal(scene.memory(), 2 * MiB);
    assert_true(scene.take_out({0, 64 * KiB}));
    assert_true(scene.bring_in({0, 64 * KiB}));
    assert_true(reader.has({0, 2 * MiB}));
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(readers_see_all_of_a_page_or_nothing),
        cmocka_unit_test(each_takes_its_own_memory_and_leaves_alone),
        cmocka_unit_test(pages_are_large),
        cmocka_unit_test(something_in_the_way_is_replaced),
        cmocka_unit_test(without_pipes_they_are_small),
    };
    return RUN(tests);
}
