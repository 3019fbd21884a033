// SPDX-License-Identifier: MIT
#include "library_thread.hpp"

namespace ufomem {
namespace {

thread_local constinit const void *t_owner = nullptr;

} // namespace

const void *works_for() noexcept { return t_owner; }
void set_works_for(const void *owner) noexcept { t_owner = owner; }

} // namespace ufomem
