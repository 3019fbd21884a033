// SPDX-License-Identifier: MIT
// A benchmark that cannot go on says why and ends: a number from a run that went wrong is worse than none.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace bench {

[[noreturn]] inline void die(const std::string &reason)
{
    std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, reason.c_str());
    std::_Exit(EXIT_FAILURE); // no destructors: threads may be blocked in the kernel
}

[[noreturn]] inline void die_of_errno(const std::string &what)
{
    die(what + ": " + std::strerror(errno));
}

} // namespace bench
