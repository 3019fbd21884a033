// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <mutex>

#include <pthread.h>

namespace compat {

/// One object a process, made at its first use and never destroyed: threads may use it until the very end.  A forked child begins with a new
/// one, since regions, cores and threads stay with its parent; what it inherited is left alone, locked or not.
template <class T> class PerProcess {
  public:
    static T &get()
    {
        static const int registered = pthread_atfork(nullptr, nullptr, [] { object.store(nullptr, std::memory_order_relaxed); });
        (void)registered;
        if (T *present = object.load(std::memory_order_acquire))
            return *present;
        auto *made = new T; // cheap; who comes second throws his away
        T *expected = nullptr;
        if (object.compare_exchange_strong(expected, made, std::memory_order_acq_rel, std::memory_order_acquire))
            return *made;
        delete made;
        return *expected;
    }

  private:
    static inline std::atomic<T *> object{nullptr}; // released by its maker
};

} // namespace compat
