// SPDX-License-Identifier: MIT
// Threads that all block in read() on one userfaultfd.  The kernel wakes one of them for each fault; with several of them
// waiting, one that last ran on the faulting thread's CPU often wins, and the fault is answered without crossing CPUs.
#pragma once

#include "floor/userfault.hpp"

#include <pthread.h>
#include <sched.h>

#include <optional>
#include <thread>

namespace bench {

inline void pin_this_thread(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0)
        die("cannot run on CPU " + std::to_string(cpu));
}

/// Starts `count` readers that hand every fault to `answer`.  They run until the program ends.
template <class Answer> void start_readers(const Userfault &userfault, unsigned count, std::optional<int> cpu, Answer answer)
{
    for (unsigned reader = 0; reader < count; reader++)
        std::thread([&userfault, cpu, answer] {
            if (cpu)
                pin_this_thread(*cpu);
            for (;;)
                answer(userfault.next_fault());
        }).detach();
}

} // namespace bench
