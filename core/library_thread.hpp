// SPDX-License-Identifier: MIT
// Threads of the library: they take no signals of the program, and know whom they work for.
#pragma once

#include "home.hpp"
#include "kernel/thread.hpp"
#include "signal_guard.hpp"

#include <thread>
#include <utility>

namespace ufomem {

/// The object that the calling thread works for; null in the program's own threads.
const void *works_for() noexcept;
void set_works_for(const void *owner) noexcept;

/// What a thread of the library does: body(), without signals of the program.
template <class Body> auto library_thread_body(const char *name, const void *owner, Body body)
{
    return [name, owner, body = std::move(body)] {
        pthread_setname_np(pthread_self(), name);
        sigset_t all = asynchronous_signals();
        pthread_sigmask(SIG_SETMASK, &all, nullptr);
        t_takes_no_signals = true;
        set_works_for(owner);
        body();
    };
}

/// Throws std::system_error, std::bad_alloc.
template <class Body> kernel::Thread start_library_thread(const char *name, const void *owner, Body body)
{
    const SignalGuard guard; // inherited by the new thread, as is where it may run
    const AwayFromHome away;
    return kernel::Thread(library_thread_body(name, owner, std::move(body)));
}

/// One that nobody waits for, on a stack of the C library's, which takes it back.  Throws likewise.
template <class Body> void start_parting_thread(const char *name, Body body)
{
    const SignalGuard guard;
    const AwayFromHome away;
    std::thread(library_thread_body(name, nullptr, std::move(body))).detach();
}

} // namespace ufomem
