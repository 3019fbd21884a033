// SPDX-License-Identifier: MIT
// What the machine and its control groups leave to this process; checked against what the kernel says of itself.
#include "unit/unit.hpp"

#include "kernel/memory_figures.hpp"

#include <cstdio>
#include <fstream>
#include <string>

#include <sys/sysinfo.h>

using namespace ufomem;

namespace {

std::size_t machine_memory()
{
    struct sysinfo info {};
    assert_int_equal(sysinfo(&info), 0);
    return info.totalram * info.mem_unit;
}

/// A line such as "MemAvailable:  123 kB", in bytes.
std::size_t meminfo(const std::string &name)
{
    std::ifstream file("/proc/meminfo");
    for (std::string word; file >> word;)
        if (std::size_t kib = 0; word == name + ":" && file >> kib)
            return kib * 1024;
    return 0;
}

void something_is_left_and_not_more_than_there_is(void **)
{
    const std::size_t available = kernel::available_memory();
    assert_true(available > 0);
    assert_true(available <= machine_memory());
}

void it_follows_the_machine(void **)
{
    const std::size_t before = meminfo("MemAvailable");
    const std::size_t available = kernel::available_memory();
    const std::size_t after = meminfo("MemAvailable");
    if (before == 0)
        skip();
    // Others use memory meanwhile; a control group may leave less, never more.
    const std::size_t most = before > after ? before : after;
    assert_true(available <= most + most / 4);
}

void a_control_group_with_a_limit_is_noticed(void **)
{
    // In a container, the root of what we see is our own group.
    std::ifstream file("/sys/fs/cgroup/memory.max");
    if (std::size_t limit = 0; file >> limit)
        assert_true(kernel::available_memory() <= limit);
    else
        skip(); // no such file, or "max"
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(something_is_left_and_not_more_than_there_is),
        cmocka_unit_test(it_follows_the_machine),
        cmocka_unit_test(a_control_group_with_a_limit_is_noticed),
    };
    return RUN(tests);
}
