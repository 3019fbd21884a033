// SPDX-License-Identifier: MIT
// Who makes a file larger than RLIMIT_FSIZE (ulimit -f) allows gets SIGXFSZ beside the error, which ends a program that does not expect it.  The
// files of the library are not the program's doing: here it is an error as others.
#pragma once

#include <cerrno>
#include <ctime>

#include <signal.h>

namespace ufomem::kernel {

/// Holds the signal back, and takes what has come of it.
class SizeSignal {
  public:
    SizeSignal() noexcept
    {
        sigemptyset(&set_);
        sigaddset(&set_, SIGXFSZ);
        pthread_sigmask(SIG_BLOCK, &set_, &before_);
        if (sigismember(&before_, SIGXFSZ) == 1) { // what waits already is somebody else's
            sigset_t pending;
            sigpending(&pending);
            was_pending_ = sigismember(&pending, SIGXFSZ) == 1;
        }
    }
    SizeSignal(const SizeSignal &) = delete;
    SizeSignal &operator=(const SizeSignal &) = delete;
    ~SizeSignal()
    {
        const int error = errno;
        constexpr timespec at_once{};
        if (error == EFBIG && !was_pending_)
            sigtimedwait(&set_, nullptr, &at_once);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = error;
    }

  private:
    sigset_t set_;
    sigset_t before_;
    bool was_pending_ = false;
};

/// call() writes to a file, or sets its length, and leaves errno.
template <class Call> auto without_size_signal(Call call) noexcept
{
    const SizeSignal held;
    return call();
}

} // namespace ufomem::kernel
