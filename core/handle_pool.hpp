// SPDX-License-Identifier: MIT
// Handles that are given to C programs: their memory stays a handle for ever, and is reused as late as possible, so that a handle
// that was freed twice, or is used after its end, is recognised.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace ufomem {

template <class T> class HandlePool {
  public:
    /// Throws std::bad_alloc.
    T *take()
    {
        const std::lock_guard lock(mutex_);
        if (idle_.size() > least_idle) {
            T *handle = idle_.front();
            idle_.pop_front();
            return handle;
        }
        idle_.push_back(nullptr); // room for the way back, so that give() cannot fail
        idle_.pop_back();
        all_.push_back(std::make_unique<T>());
        return all_.back().get();
    }
    void give(T *handle) noexcept
    {
        const std::lock_guard lock(mutex_);
        try {
            idle_.push_back(handle);
        } catch (...) { // never used again: a leak of one handle
        }
    }

    // Around a fork, so that the child does not inherit a lock that nobody will open.
    void lock() { mutex_.lock(); }
    void unlock() { mutex_.unlock(); }

  private:
    static constexpr std::size_t least_idle = 256;
    std::mutex mutex_;
    std::deque<T *> idle_;
    std::vector<std::unique_ptr<T>> all_;
};

} // namespace ufomem
