// SPDX-License-Identifier: MIT
// A thread, and what it stands on.
#include "unit/unit.hpp"

#include "kernel/memory.hpp"
#include "kernel/thread.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>

#include <sys/mman.h>
#include <unistd.h>

using namespace ufomem;
using kernel::Thread;

namespace {

/// "rw-p" and the like, and whether huge pages are kept away; empty if nothing is mapped there.
struct Neighbourhood {
    std::string rights;
    bool small_pages = false;
};

Neighbourhood look_at(const void *address)
{
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    std::ifstream maps("/proc/self/smaps");
    Neighbourhood found;
    for (std::string line; std::getline(maps, line);) {
        unsigned long begin = 0, end = 0;
        char rights[5] = "";
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) == 3) {
            if (!found.rights.empty())
                break;
            if (wanted >= begin && wanted < end)
                found.rights = rights;
        } else if (!found.rights.empty() && line.starts_with("VmFlags:"))
            found.small_pages = line.find(" nh") != std::string::npos;
    }
    return found;
}

void has_a_stack_of_small_pages(void **)
{
    Neighbourhood stack, guard;
    std::byte *lowest = nullptr;
    std::size_t size = 0;
    Thread thread([&] {
        pthread_attr_t own;
        void *begin = nullptr;
        if (pthread_getattr_np(pthread_self(), &own) == 0 && pthread_attr_getstack(&own, &begin, &size) == 0) {
            lowest = static_cast<std::byte *>(begin);
            stack = look_at(lowest + size / 2);
            guard = look_at(lowest - 1);
        }
        pthread_attr_destroy(&own);
    });
    assert_true(thread.joinable());
    assert_false(thread.is_caller());
    thread.join();
    assert_false(thread.joinable());

    pthread_attr_t usual;
    std::size_t usual_size = 0;
    pthread_attr_init(&usual);
    pthread_attr_getstacksize(&usual, &usual_size);
    pthread_attr_destroy(&usual);
    assert_int_equal(size, usual_size); // as any other thread of the program
    assert_string_equal(stack.rights.c_str(), "rw-p");
    assert_string_equal(guard.rights.c_str(), "---p");
    if (access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0)
        assert_true(stack.small_pages);
    unsigned char in_memory = 0;
    assert_int_equal(mincore(lowest, kernel::page_size(), &in_memory), -1); // it has gone with the thread
}

void moves(void **)
{
    std::atomic<bool> go{false}, own{false};
    Thread first;
    Thread second([&] {
        while (!go.load())
            sched_yield();
        own.store(first.is_caller());
    });
    first = std::move(second);
    assert_true(first.joinable());
    assert_false(second.joinable());
    go.store(true);
    first.join();
    assert_true(own.load());
}

/// The program may ask for stacks of a size of its own; here there is no room for them.
void tells_of_what_is_missing(void **)
{
    pthread_attr_t before, vast;
    pthread_getattr_default_np(&before);
    pthread_getattr_default_np(&vast);
    pthread_attr_setstacksize(&vast, std::size_t{1} << 47);
    assert_int_equal(pthread_setattr_default_np(&vast), 0);
    bool ran = false, refused = false;
    try {
        Thread([&] { ran = true; }).join();
    } catch (const std::system_error &error) {
        refused = error.code().value() == EAGAIN;
    }
    pthread_setattr_default_np(&before);
    assert_true(refused);
    assert_false(ran);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(has_a_stack_of_small_pages),
        cmocka_unit_test(moves),
        cmocka_unit_test(tells_of_what_is_missing),
    };
    return RUN(tests);
}
