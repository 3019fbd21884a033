// SPDX-License-Identifier: MIT
// Loads and stores that may end in a signal.  The handlers are installed before the library's, which pass on what is not theirs.
#pragma once

#include <cstdint>
#include <csetjmp>

#include <signal.h>

namespace fuzz {

inline thread_local sigjmp_buf *g_back = nullptr;

inline void install_guard()
{
    struct sigaction action {};
    action.sa_handler = [](int signal) {
        if (g_back)
            siglongjmp(*g_back, signal);
        ::signal(signal, SIG_DFL); // the access is repeated, and ends the program
    };
    action.sa_flags = SA_NODEFER | SA_ONSTACK;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
}

/// 0, or the signal that the access ended in.
template <class Access> int guarded(Access access)
{
    sigjmp_buf here;
    const int signal = sigsetjmp(here, 1);
    if (signal == 0) {
        g_back = &here;
        access();
    }
    g_back = nullptr;
    return signal;
}

} // namespace fuzz
