// SPDX-License-Identifier: MIT
// Elements between an array and memory of Python's.
#pragma once

#include "array.hpp"
#include "selection.hpp"

namespace ufomem::python {

/// Copies the selected elements to `out`, in the order of memory.  False with an exception.
bool read(Array *array, const Selection &from, void *out) noexcept;

/// Copies elements from `in`, which has them in the order of memory, or is one block of `period` elements that is repeated.
bool write(Array *array, const Selection &to, const void *in, Py_ssize_t period) noexcept;

/// One element, the way of a[i].
inline bool read_element(Array *array, Py_ssize_t index, void *out) noexcept
{
    const auto size = static_cast<size_t>(array->itemsize);
    return array->residency.read(static_cast<size_t>(index) * size, size, out)
           || read(array, Selection::one(index), out);
}

} // namespace ufomem::python
