/* SPDX-License-Identifier: MIT */
/* A source in C, for the tests of native sources: element i is 3 i + 1, an int64_t, as `values` in support.py. */
#include <stddef.h>
#include <stdint.h>

int32_t populate_values(void *user_data, size_t first, size_t count, void *out)
{
    (void)user_data;
    for (size_t i = 0; i < count; i++)
        ((int64_t *)out)[i] = (int64_t)(first + i) * 3 + 1;
    return 0;
}

int32_t populate_copy(void *user_data, size_t first, size_t count, void *out)
{
    for (size_t i = 0; i < count; i++)
        ((int64_t *)out)[i] = ((const int64_t *)user_data)[first + i];
    return 0;
}

int32_t writeback_copy(void *user_data, size_t first, size_t count, const void *data)
{
    for (size_t i = 0; i < count; i++)
        ((int64_t *)user_data)[first + i] = ((const int64_t *)data)[i];
    return 0;
}

int32_t populate_fails(void *user_data, size_t first, size_t count, void *out)
{
    (void)user_data, (void)first, (void)count, (void)out;
    return 42;
}
