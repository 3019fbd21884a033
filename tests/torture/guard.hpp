// SPDX-License-Identifier: MIT
// Loads and stores that may end in a signal.
#pragma once

#include <csetjmp>
#include <csignal>

namespace torture {

/// Where the guarded access of this thread returns to; null outside one.
inline thread_local constinit sigjmp_buf *volatile t_guard = nullptr;

/// To be called before the library installs its own handlers, which come first then.
inline void install_guard()
{
    struct sigaction action {};
    action.sa_handler = [](int signal) {
        if (t_guard)
            siglongjmp(*t_guard, signal);
        std::signal(signal, SIG_DFL); // nobody expected it: the access is made again, and ends the program
    };
    action.sa_flags = SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
}

/// Runs body(), which touches memory and has no destructors to be run; the signal that it ended in, or 0.
template <class Body> [[gnu::noinline]] int guarded(Body body)
{
    sigjmp_buf here;
    sigjmp_buf *const outer = t_guard; // a callback may be inside the access of its caller
    const int signal = sigsetjmp(here, 1);
    if (signal == 0) {
        t_guard = &here;
        body();
    }
    t_guard = outer;
    return signal;
}

} // namespace torture
