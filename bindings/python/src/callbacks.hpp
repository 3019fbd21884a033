// SPDX-License-Identifier: MIT
// The functions that the library calls for an array with callbacks written in Python; user_data is the Array.
// The policy UFO_POPULATE_CALLER keeps them inside of a Call of the same thread: the Array is alive, and its GIL is there to be taken.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
int32_t ufomem_python_populate(void *user_data, size_t first, size_t count, void *out);
int32_t ufomem_python_writeback(void *user_data, size_t first, size_t count, const void *data);
}
