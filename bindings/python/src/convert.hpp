// SPDX-License-Identifier: MIT
// From values of Python to elements of an array.
#pragma once

#include "array.hpp"

namespace ufomem::python {

/// The value as an ndarray, of any type that may become the array's elements: as NumPy's assignment, but fractions and imaginary parts are not
/// cut off silently.  `what` names the value in the TypeError.
Ref as_elements(const Array *array, PyObject *value, const char *what) noexcept;

/// What populate returned for [first, first + count), stored at `out`.
bool store_populated(const Array *array, PyObject *result, Py_ssize_t first, Py_ssize_t count, void *out) noexcept;

/// A value as one element at `out`, itemsize bytes.
bool store_element(const Array *array, PyObject *value, void *out) noexcept;

} // namespace ufomem::python
