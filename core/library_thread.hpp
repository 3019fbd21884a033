// SPDX-License-Identifier: MIT
// Threads of the library: they take no signals of the program, and know whom they work for.
#pragma once

#include "home.hpp"
#include "signal_guard.hpp"

#include <thread>
#include <utility>

namespace ufomem {

/// The object that the calling thread works for; null in the program's own threads.
const void *works_for() noexcept;
void set_works_for(const void *owner) noexcept;

/// Throws std::system_error.
template <class Body> std::thread start_library_thread(const char *name, const void *owner, Body body)
{
    const SignalGuard guard; // inherited by the new thread, as is where it may run
    const AwayFromHome away;
    return std::thread([name, owner, body = std::move(body)] {
        pthread_setname_np(pthread_self(), name);
        sigset_t all = asynchronous_signals();
        pthread_sigmask(SIG_SETMASK, &all, nullptr);
        t_takes_no_signals = true;
        set_works_for(owner);
        body();
    });
}

} // namespace ufomem
