// SPDX-License-Identifier: MIT
// A file that may not grow is an error, and no signal.
#include "unit/unit.hpp"

#include "kernel/file.hpp"

#include <cerrno>

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

using namespace ufomem;
using kernel::File;

namespace {

constexpr std::size_t limit = 4096;

/// What follows runs with that limit; SIGXFSZ would end the test.
struct SmallFiles {
    SmallFiles()
    {
        getrlimit(RLIMIT_FSIZE, &before);
        const rlimit small{limit, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
    }
    ~SmallFiles() { setrlimit(RLIMIT_FSIZE, &before); }
    rlimit before{};
};

bool is_pending()
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGXFSZ) == 1;
}

/// Writes and lengthens, beyond the limit.
void go_beyond()
{
    const File file(memfd_create("ufomem-test", MFD_CLOEXEC));
    std::byte data[2 * limit]{};
    int error = 0;
    assert_int_equal(file.write_at(0, data, sizeof data, error), limit);
    assert_int_equal(error, EFBIG);
    assert_int_equal(file.write_at(0, data, limit, error), limit);
    assert_int_equal(error, 0);
    assert_false(file.set_length(2 * limit));
    assert_int_equal(errno, EFBIG);
    assert_true(file.set_length(limit / 2));
}

void a_file_that_may_not_grow_is_an_error(void **)
{
    const SmallFiles small;
    go_beyond();
    assert_false(is_pending());
}

void a_signal_that_waits_already_is_left_alone(void **)
{
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    {
        const SmallFiles small;
        go_beyond();
        assert_false(is_pending());
        raise(SIGXFSZ);
        go_beyond();
        assert_true(is_pending());
    }
    const timespec at_once{};
    assert_int_equal(sigtimedwait(&set, nullptr, &at_once), SIGXFSZ);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

} // namespace

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_may_not_grow_is_an_error),
        cmocka_unit_test(a_signal_that_waits_already_is_left_alone),
    };
    return RUN(tests);
}
