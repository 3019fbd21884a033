// SPDX-License-Identifier: MIT
// What all regions of a core share.
#pragma once

#include "ahead.hpp"
#include "any_region.hpp"
#include "budget.hpp"
#include "frames.hpp"
#include "heap.hpp"
#include "kernel/process.hpp"
#include "log.hpp"
#include "resident_queue.hpp"
#include "spill.hpp"
#include "stragglers.hpp"
#include "walks.hpp"

#include <string>

namespace ufomem {

struct Engine {
    Engine(Log log_to, std::size_t budget_bytes, unsigned low_percent, unsigned high_percent,
           const kernel::Userfaultfd *pool, std::string spill_folder)
        : log(std::move(log_to)),
          budget(budget_bytes, low_percent, high_percent),
          frames(budget, pool, this, heap),
          resident(heap),
          word_pages(heap),
          walks(heap),
          spill(std::move(spill_folder), heap)
    {
    }
    Engine(const Engine &) = delete;
    Engine &operator=(const Engine &) = delete;

    /// Whether this is a forked child of the process that made the core.
    bool forked() const { return process != kernel::this_process(); }

    const Log log;
    Heap heap;
    Budget budget;
    Frames frames;
    ResidentQueue resident;
    ResidentQueue word_pages; // of chunk tables, in the order in which they were first touched
    Stragglers stragglers;
    Walks walks;
    Spill spill;
    Ahead *ahead = nullptr; // set before the first region
    const std::uint64_t process = kernel::this_process();
    Delivery delivery = Delivery::thread; // set before the first region
};

} // namespace ufomem
