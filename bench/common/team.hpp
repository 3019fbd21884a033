// SPDX-License-Identifier: MIT
// Threads that are there, with the pages of their stacks, before anything is measured: they are the program's.
#pragma once

#include <barrier>
#include <cstddef>
#include <functional>
#include <latch>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

class Team {
  public:
    /// With the caller, who takes part in run().
    explicit Team(unsigned threads) : ready_(threads - 1), start_(threads), end_(threads)
    {
        for (unsigned number = 1; number < threads; number++)
            others_.emplace_back([this, number] {
                touch_stack();
                ready_.count_down();
                start_.arrive_and_wait();
                work_(number);
                (void)end_.arrive();
            });
        ready_.wait();
    }
    Team(const Team &) = delete;
    Team &operator=(const Team &) = delete;
    ~Team()
    {
        if (!work_)
            run([](unsigned) {});
    }

    /// Once: every thread does its part, and all have when it returns.
    void run(std::function<void(unsigned number)> work)
    {
        work_ = std::move(work);
        start_.arrive_and_wait();
        work_(0);
        end_.arrive_and_wait();
    }

  private:
    [[gnu::noinline]] static void touch_stack()
    {
        volatile char pages[4 * 4096];
        for (std::size_t i = 0; i < sizeof(pages); i += 4096)
            pages[i] = 0;
    }

    std::latch ready_;
    std::barrier<> start_;
    std::barrier<> end_;
    std::function<void(unsigned)> work_;
    std::vector<std::jthread> others_; // the last member: joined first
};

} // namespace bench
