// SPDX-License-Identifier: MIT
// Holds signals back while a mutex is held: a signal handler of the program may touch lazy memory, and whoever fills that must
// not need a mutex of the interrupted thread.
#pragma once

#include <mutex>

#include <pthread.h>
#include <signal.h>

namespace ufomem {

/// Everything but what the thread does to itself, which would end the process if it were blocked.
inline sigset_t asynchronous_signals() noexcept
{
    sigset_t set;
    sigfillset(&set);
    for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
        sigdelset(&set, signal);
    return set;
}

/// Whether the thread, one of the library's, takes no signals at all.  Callbacks leave it at that (see ufo_populate_fn).
inline thread_local constinit bool t_takes_no_signals = false;

class SignalGuard {
  public:
    SignalGuard() noexcept : needed_(!t_takes_no_signals)
    {
        if (!needed_)
            return;
        const sigset_t set = asynchronous_signals();
        pthread_sigmask(SIG_BLOCK, &set, &before_);
    }
    SignalGuard(const SignalGuard &) = delete;
    SignalGuard &operator=(const SignalGuard &) = delete;
    ~SignalGuard()
    {
        if (needed_)
            pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

  private:
    const bool needed_;
    sigset_t before_;
};

/// A mutex held with signals blocked.
class GuardedLock {
  public:
    explicit GuardedLock(std::mutex &mutex) : lock_(mutex) {}

  private:
    SignalGuard guard_; // blocked before the mutex is taken, unblocked after it is free
    std::lock_guard<std::mutex> lock_;
};

} // namespace ufomem
