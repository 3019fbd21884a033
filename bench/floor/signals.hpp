// SPDX-License-Identifier: MIT
// The kernel's other way to tell of a fault: SIGBUS to the thread that made it, which answers it itself.  No message, no other thread.
#pragma once

#include "floor/userfault.hpp"

#include <signal.h>

#include <functional>

namespace bench {

/// Has every fault handed to `answer`, by its address, in a signal handler.  The userfaultfd was made with UFFD_FEATURE_SIGBUS.
template <class Answer> void answer_by_signal(Answer answer)
{
    static std::function<void(std::uintptr_t)> answers;
    answers = answer;
    struct sigaction action = {};
    action.sa_sigaction = [](int, siginfo_t *info, void *) { answers(reinterpret_cast<std::uintptr_t>(info->si_addr)); };
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    if (sigaction(SIGBUS, &action, nullptr) != 0)
        die_of_errno("sigaction");
}

} // namespace bench
