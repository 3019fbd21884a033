// SPDX-License-Identifier: MIT
// What the tests of the daemon's parts share.
#pragma once

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

extern "C" {
#include <cmocka.h>
}

#undef fail // CMocka's macros; the standard library has functions of that name
#undef fail_msg

#define RUN(tests) cmocka_run_group_tests(tests, nullptr, nullptr)
