// SPDX-License-Identifier: MIT
// A thread that somebody waits for, with a stack of small pages.  The C library's stacks can lie on huge pages before Linux 6.7, where the system
// gives them to everybody (transparent_hugepage=always, as several distributions have it): a thread of a few KiB takes 2 MiB then.
#pragma once

#include "memory.hpp"

#include <concepts>
#include <memory>
#include <utility>

#include <pthread.h>

namespace ufomem::kernel {

class Thread {
  public:
    Thread() = default;
    /// Runs body().  Throws std::system_error if there can be no more threads, or no stack, and std::bad_alloc.
    template <std::invocable Body> explicit Thread(Body body) { start(std::make_unique<BodyTask<Body>>(std::move(body))); }
    Thread(Thread &&other) noexcept { swap(other); }
    Thread &operator=(Thread &&other) noexcept
    {
        swap(other);
        return *this;
    }
    /// One that nobody has waited for goes on.
    ~Thread();

    bool joinable() const { return running_; }
    void join() noexcept;
    bool is_caller() const { return running_ && pthread_equal(handle_, pthread_self()) != 0; }
    void swap(Thread &other) noexcept
    {
        std::swap(handle_, other.handle_);
        std::swap(running_, other.running_);
        std::swap(stack_, other.stack_);
    }

  private:
    struct Task {
        virtual ~Task() = default;
        virtual void run() = 0;
    };
    template <class Body> struct BodyTask final : Task {
        explicit BodyTask(Body &&given) : body(std::move(given)) {}
        void run() override { body(); }
        Body body;
    };
    void start(std::unique_ptr<Task> task);
    static void *run(void *task) noexcept;

    pthread_t handle_{};
    bool running_ = false;
    Mapping stack_;
};

} // namespace ufomem::kernel
