// SPDX-License-Identifier: MIT
// What the kernel tells of memory, read from files that look like its own.
#include "unit/unit.hpp"

#include "kernel/memory_figures.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace ufomem::kernel;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t mib = 1 << 20;

/// A /proc and a /sys of our own.
class Kernel {
  public:
    Kernel()
    {
        std::string name = (fs::temp_directory_path() / "ufomem-figures.XXXXXX").string();
        assert_non_null(mkdtemp(name.data()));
        root = name;
        write("/proc/meminfo", "MemTotal:        8192 kB\nMemFree:  1 kB\nMemAvailable:    4096 kB\n");
        stall(1000);
    }
    ~Kernel() { fs::remove_all(root); }

    void write(const std::string &path, const std::string &text) const
    {
        fs::create_directories(fs::path(root + path).parent_path());
        std::ofstream(root + path) << text;
    }
    void stall(std::uint64_t microseconds, const std::string &path = "/proc/pressure/memory") const
    {
        write(path, "some avg10=99.00 avg60=0.00 avg300=0.00 total=" + std::to_string(microseconds)
                        + "\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
    }

    std::string root;
};

const std::chrono::steady_clock::time_point start{};

void the_machine_alone(void **)
{
    const Kernel kernel;
    MemoryFigures figures(kernel.root);
    const auto rooms = figures.look(start);
    assert_int_equal(rooms.size(), 1);
    assert_int_equal(rooms[0].total, 8 * mib);
    assert_int_equal(rooms[0].available, 4 * mib);
    assert_true(rooms[0].stalled == 0);
    assert_int_equal(total_memory(kernel.root), 8 * mib);
}

void waiting_counts_since_the_last_look(void **)
{
    const Kernel kernel;
    MemoryFigures figures(kernel.root);
    figures.look(start);
    kernel.stall(1000 + 250'000);
    const double quarter = figures.look(start + 1s)[0].stalled;
    assert_true(quarter > 0.249 && quarter < 0.251);
    assert_true(figures.look(start + 2s)[0].stalled == 0);
    kernel.stall(99'000'000);
    assert_true(figures.look(start + 3s)[0].stalled == 1.0);
    kernel.stall(5); // a counter that went back
    assert_true(figures.look(start + 4s)[0].stalled == 0);
}

void groups_of_version_2_up_to_the_root(void **)
{
    const Kernel kernel;
    kernel.write("/proc/self/cgroup", "0::/a.slice/b.service\n");
    kernel.write("/sys/fs/cgroup/a.slice/b.service/memory.max", "max\n");
    kernel.write("/sys/fs/cgroup/a.slice/b.service/memory.current", "12345\n");
    kernel.write("/sys/fs/cgroup/a.slice/memory.max", std::to_string(4 * mib) + '\n');
    kernel.write("/sys/fs/cgroup/a.slice/memory.current", std::to_string(3 * mib) + '\n');
    kernel.write("/sys/fs/cgroup/a.slice/memory.stat",
                 "anon 5\ninactive_anon 5\ninactive_file " + std::to_string(mib) + "\nactive_file " + std::to_string(mib) + "\n");
    kernel.stall(0, "/sys/fs/cgroup/a.slice/memory.pressure");
    MemoryFigures figures(kernel.root);
    auto rooms = figures.look(start);
    assert_int_equal(rooms.size(), 2);
    assert_int_equal(rooms[1].total, 4 * mib);
    assert_int_equal(rooms[1].available, 3 * mib); // of its use, 2 MiB are page cache that leaves when asked
    assert_int_equal(total_memory(kernel.root), 4 * mib);
    kernel.stall(500'000, "/sys/fs/cgroup/a.slice/memory.pressure");
    rooms = figures.look(start + 1s);
    assert_true(rooms[0].stalled == 0 && rooms[1].stalled > 0.49);
}

void groups_of_version_1(void **)
{
    const Kernel kernel;
    kernel.write("/proc/self/cgroup", "9:cpu,cpuacct:/x\n4:memory:/y\n1:name=systemd:/\n0::/\n");
    kernel.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"); // no limit
    kernel.write("/sys/fs/cgroup/memory/memory.usage_in_bytes", "123456\n");
    kernel.write("/sys/fs/cgroup/memory/y/memory.limit_in_bytes", std::to_string(2 * mib) + '\n');
    kernel.write("/sys/fs/cgroup/memory/y/memory.usage_in_bytes", std::to_string(3 * mib) + '\n'); // more than allowed
    MemoryFigures figures(kernel.root);
    const auto rooms = figures.look(start);
    assert_int_equal(rooms.size(), 2);
    assert_int_equal(rooms[1].total, 2 * mib);
    assert_int_equal(rooms[1].available, 0);
    assert_int_equal(total_memory(kernel.root), 2 * mib);
}

/// The limit of a group that a container cannot see is known from the statistics of those inside.
void an_outer_group_that_cannot_be_seen(void **)
{
    const Kernel kernel;
    kernel.write("/proc/self/cgroup", "4:memory:/\n");
    kernel.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    kernel.write("/sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(mib) + '\n');
    kernel.write("/sys/fs/cgroup/memory/memory.stat", "inactive_file 1\nhierarchical_memory_limit " + std::to_string(3 * mib)
                                                          + "\ntotal_inactive_file " + std::to_string(mib / 2) + "\ntotal_active_file " + std::to_string(mib / 2) + "\ntotal_dirty "
                                                          + std::to_string(mib / 8) + "\ntotal_writeback " + std::to_string(3 * mib / 8) + "\n");
    MemoryFigures figures(kernel.root);
    const auto rooms = figures.look(start);
    assert_int_equal(rooms.size(), 2);
    assert_int_equal(rooms[1].total, 3 * mib);
    assert_int_equal(rooms[1].available, 3 * mib - mib / 2); // the cache of groups inside counts, too
    assert_int_equal(available_memory(kernel.root), 3 * mib - mib / 2);
}

/// The path in /proc is the host's, the files are those of the container's group.
void a_container_without_a_namespace(void **)
{
    const Kernel kernel;
    kernel.write("/proc/self/cgroup", "4:memory:/docker/0123\n");
    kernel.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(2 * mib) + '\n');
    kernel.write("/sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(mib) + '\n');
    assert_int_equal(available_memory(kernel.root), mib);
}

void a_container_of_version_2_with_a_namespace(void **)
{
    const Kernel kernel;
    kernel.write("/proc/self/cgroup", "0::/\n");
    kernel.write("/sys/fs/cgroup/memory.max", std::to_string(2 * mib) + '\n');
    kernel.write("/sys/fs/cgroup/memory.current", std::to_string(mib) + '\n');
    MemoryFigures figures(kernel.root);
    assert_int_equal(figures.look(start).size(), 2); // once, not twice
    assert_int_equal(available_memory(kernel.root), mib);
    assert_string_equal(pressure_files(kernel.root).at(1).c_str(), (kernel.root + "/sys/fs/cgroup/memory.pressure").c_str());
}

void where_threads_are_slowed_down_is_a_limit(void **)
{
    const Kernel kernel;
    kernel.write("/proc/self/cgroup", "0::/a/b\n");
    kernel.write("/sys/fs/cgroup/a/b/memory.max", "max\n");
    kernel.write("/sys/fs/cgroup/a/b/memory.high", std::to_string(mib) + '\n');
    kernel.write("/sys/fs/cgroup/a/b/memory.current", "4096\n");
    kernel.write("/sys/fs/cgroup/a/memory.max", std::to_string(2 * mib) + '\n'); // the smallest on the way up counts
    kernel.write("/sys/fs/cgroup/a/memory.current", std::to_string(2 * mib - 4096) + '\n');
    assert_int_equal(total_memory(kernel.root), mib);
    assert_int_equal(available_memory(kernel.root), 4096);
}

void this_system(void **)
{
    MemoryFigures figures;
    const auto rooms = figures.look(std::chrono::steady_clock::now());
    for (const MemoryRoom &room : rooms) {
        assert_true(room.total > 0);
        assert_true(room.available > 0 && room.available <= room.total);
        assert_true(total_memory() <= room.total);
    }
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_machine_alone),
        cmocka_unit_test(waiting_counts_since_the_last_look),
        cmocka_unit_test(groups_of_version_2_up_to_the_root),
        cmocka_unit_test(groups_of_version_1),
        cmocka_unit_test(an_outer_group_that_cannot_be_seen),
        cmocka_unit_test(a_container_without_a_namespace),
        cmocka_unit_test(a_container_of_version_2_with_a_namespace),
        cmocka_unit_test(where_threads_are_slowed_down_is_a_limit),
        cmocka_unit_test(this_system),
    };
    return RUN(tests);
}
