// SPDX-License-Identifier: MIT
// Handles that are given to C programs: their memory stays a handle for ever, and is reused as late as possible, so that a handle
// that was freed twice, or is used after its end, is recognised.
#pragma once

#include <cstddef>
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
        if (idle_.size() - first_ > least_idle)
            return idle_[first_++];
        if (idle_.capacity() <= all_.size()) // room for all of them to come back, so that give() cannot fail
            idle_.reserve(2 * all_.size() + least_idle);
        all_.push_back(std::make_unique<T>());
        return all_.back().get();
    }
    void give(T *handle) noexcept
    {
        const std::lock_guard lock(mutex_);
        if (idle_.size() == idle_.capacity()) {
            idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(first_));
            first_ = 0;
        }
        idle_.push_back(handle);
    }

    // Around a fork, so that the child does not inherit a lock that nobody will open.
    void lock() { mutex_.lock(); }
    void unlock() { mutex_.unlock(); }

  private:
    static constexpr std::size_t least_idle = 256;
    std::mutex mutex_;
    std::vector<T *> idle_; // from first_ on, the one that has been idle for longest first
    std::size_t first_ = 0;
    std::vector<std::unique_ptr<T>> all_;
};

} // namespace ufomem
