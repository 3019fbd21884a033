// SPDX-License-Identifier: MIT
// As interpose.cpp: threads, what they keep for themselves, and where they run.
#include "real.hpp"

#include <pthread.h>
#include <sched.h>

using torture::Call;
using torture::judge;
using torture::judge_number;

namespace {

DEFINE_REAL(pthread_attr_init)
DEFINE_REAL(pthread_create)
DEFINE_REAL(pthread_key_create)
DEFINE_REAL(pthread_setspecific)
DEFINE_REAL(sched_getaffinity)
DEFINE_REAL(sched_setaffinity)

[[gnu::constructor]] void look_all_up()
{
    (void)REAL(pthread_attr_init), (void)REAL(pthread_create), (void)REAL(pthread_key_create), (void)REAL(pthread_setspecific);
    (void)REAL(sched_getaffinity), (void)REAL(sched_setaffinity);
}

} // namespace

extern "C" {

int pthread_attr_init(pthread_attr_t *attributes) noexcept
{
    return judge_number(Call::pthread_attr_init, CALLER, [=] { return REAL(pthread_attr_init)(attributes); });
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) noexcept
{
    return judge_number(Call::pthread_create, CALLER, [=] { return REAL(pthread_create)(thread, attributes, body, argument); });
}

int pthread_key_create(pthread_key_t *key, void (*end)(void *)) noexcept
{
    return judge_number(Call::pthread_key_create, CALLER, [=] { return REAL(pthread_key_create)(key, end); });
}

int pthread_setspecific(pthread_key_t key, const void *value) noexcept
{
    return judge_number(Call::pthread_setspecific, CALLER, [=] { return REAL(pthread_setspecific)(key, value); });
}

int sched_getaffinity(pid_t thread, std::size_t size, cpu_set_t *set) noexcept
{
    return judge(Call::sched_getaffinity, 0, CALLER, -1, [=](auto) { return REAL(sched_getaffinity)(thread, size, set); });
}

int sched_setaffinity(pid_t thread, std::size_t size, const cpu_set_t *set) noexcept
{
    return judge(Call::sched_setaffinity, 0, CALLER, -1, [=](auto) { return REAL(sched_setaffinity)(thread, size, set); });
}

} // extern "C"
