// SPDX-License-Identifier: MIT
#include "process.hpp"

#include <initializer_list>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace ufod {

void prepare_process() noexcept
{
    // A client of the same user could take the writable descriptor of the cache out of /proc, or use ptrace.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    const rlimit no_core{};
    setrlimit(RLIMIT_CORE, &no_core);

    // Each client has three descriptors here, and each of his files one more.
    if (rlimit files{}; getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    umask(077);
    std::signal(SIGPIPE, SIG_IGN);
}

sigset_t awaited_signals() noexcept
{
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1})
        sigaddset(&signals, signal);
    return signals;
}

} // namespace ufod
