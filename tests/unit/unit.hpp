// SPDX-License-Identifier: MIT
// What the unit tests share.  CMocka leaves a failed test by longjmp: threads only record, and the test's body asserts.
#pragma once

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" {
#include <cmocka.h>
}
#undef fail // CMocka's macros; ours is a function
#undef fail_msg

#include "status.hpp"

#include <atomic>
#include <thread>
#include <vector>

#define RUN(tests) cmocka_run_group_tests(tests, nullptr, nullptr)

#define fail_test(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))
#define assert_ok(status) ufomem::unit::assert_code((status), ufomem::Code::ok, #status, __FILE__, __LINE__)
#define assert_fails(status, code) ufomem::unit::assert_code((status), (code), #status, __FILE__, __LINE__)
/// The last error of this thread contains `part`.
#define assert_error_names(part) ufomem::unit::assert_contains(ufomem::last_error(), (part), __FILE__, __LINE__)

namespace ufomem::unit {

inline void assert_code(Status status, Code expected, const char *call, const char *file, int line)
{
    if (status.code == expected)
        return;
    print_error("%s\n  gives %d, expected %d\n  last error: %s\n", call, static_cast<int>(status.code),
                static_cast<int>(expected), last_error());
    _fail(file, line);
}

template <class T>
void assert_code(const Result<T> &result, Code expected, const char *call, const char *file, int line)
{
    assert_code(result.status(), expected, call, file, line);
}

inline void assert_contains(const char *text, const char *part, const char *file, int line)
{
    if (std::strstr(text, part))
        return;
    print_error("\"%s\" does not contain \"%s\"\n", text, part);
    _fail(file, line);
}

/// Numbers that are the same in every run, unless UFOMEM_TEST_SEED asks for others.
class Random {
  public:
    Random() : Random(0) {}
    explicit Random(std::uint64_t stream)
    {
        const char *seed = std::getenv("UFOMEM_TEST_SEED");
        state_ = (seed ? std::strtoull(seed, nullptr, 10) : 1) * 0x9e3779b97f4a7c15 + stream;
    }
    std::uint64_t next() // splitmix64
    {
        std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
        mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
        return mixed ^ mixed >> 31;
    }
    std::size_t below(std::size_t end) { return next() % end; }
    std::size_t between(std::size_t least, std::size_t most) { return least + below(most - least + 1); }
    bool one_in(std::size_t n) { return below(n) == 0; }

  private:
    std::uint64_t state_;
};

/// How often to repeat something: less where every instruction is watched.
inline std::size_t rounds(std::size_t normally)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const bool watched = true;
#else
    const char *variant = std::getenv("UFOMEM_TEST_VARIANT");
    const bool watched = variant && std::strcmp(variant, "memcheck") == 0;
#endif
    return watched ? normally / 10 + 1 : normally;
}

/// Runs body(0) ... body(count - 1), each on a thread of its own, all at once.
template <class Body> void on_threads(std::size_t count, Body body)
{
    std::atomic<bool> start{false};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i)
        threads.emplace_back([&start, &body, i] {
            while (!start.load())
                std::this_thread::yield();
            body(i);
        });
    start.store(true);
    for (std::thread &thread : threads)
        thread.join();
}

} // namespace ufomem::unit
