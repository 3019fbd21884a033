// SPDX-License-Identifier: MIT
// For the functions that stand before those of the C library: what they stand before, and whether a call fails.
#pragma once

#include "injector.hpp"

#include <cerrno>

#include <dlfcn.h>

// Looked up before main(): a signal handler is no place to do so.  Until then calls are those of constructors, one thread's.
#define REAL(name) real_##name()
#define DEFINE_REAL(name)                                                                                              \
    auto real_##name()                                                                                                 \
    {                                                                                                                  \
        static auto found = &::name;                                                                                   \
        static bool looked_up = false;                                                                                 \
        if (!looked_up) {                                                                                              \
            found = reinterpret_cast<decltype(found)>(dlsym(RTLD_NEXT, #name));                                        \
            looked_up = true;                                                                                          \
        }                                                                                                              \
        return found;                                                                                                  \
    }

#define CALLER __builtin_extract_return_addr(__builtin_return_address(0))

namespace torture {

/// Fails the call, or lets real() do it.
template <class Result, class Real>
Result judge(Call call, std::uint64_t request, void *caller, Result failure, Real real)
{
    const Injector::Verdict verdict = Injector::of_process().judge(call, request, caller);
    if (!verdict.fault)
        return real(verdict.site);
    errno = verdict.fault->error;
    return failure;
}

/// The same for functions that return the number of the error.
template <class Real> int judge_number(Call call, void *caller, Real real)
{
    const Injector::Verdict verdict = Injector::of_process().judge(call, 0, caller);
    return verdict.fault ? verdict.fault->error : real();
}

} // namespace torture
