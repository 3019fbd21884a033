// SPDX-License-Identifier: MIT
// Threads that all block in read() on one userfaultfd.  The kernel wakes all of them for each fault; with one on each CPU the one
// on the faulting thread's CPU mostly wins, and the fault is answered without crossing CPUs.
#pragma once

#include "floor/userfault.hpp"

#include <pthread.h>
#include <sched.h>

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

/// Where readers run: all of them anywhere, on one CPU, or each on a CPU of its own.
struct ReaderPlace {
    enum { anywhere, one, each } where = anywhere;
    int cpu = 0;
};

/// Starts `count` readers that hand every fault to `answer`.  They run until the program ends.
template <class Answer> void start_readers(const Userfault &userfault, unsigned count, ReaderPlace place, Answer answer)
{
    for (unsigned reader = 0; reader < count; reader++)
        std::thread([&userfault, place, reader, answer] {
            if (place.where != ReaderPlace::anywhere)
                pin_this_thread(place.where == ReaderPlace::one ? place.cpu : static_cast<int>(reader));
            for (;;)
                answer(userfault.next_fault());
        }).detach();
}

} // namespace bench
