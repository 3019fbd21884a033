// SPDX-License-Identifier: MIT
// Memory of an array, lent to ndarrays: the base object of theirs, so that it lives as long as the last of them, and of what they in turn lend.
#pragma once

#include "array.hpp"

namespace ufomem::python {

/// Makes the type.  nullptr, with an exception, if that fails.
PyObject *make_lease_type() noexcept;

/// An ndarray over the elements [first, first + count), which are pinned as long as anybody refers to them.
PyObject *lend_pinned(Array *array, Py_ssize_t first, Py_ssize_t count, bool for_writing) noexcept;

/// An ndarray over the whole array, in its shape, pages coming in as they are touched: for native sources.
PyObject *lend_whole(Array *array) noexcept;

} // namespace ufomem::python
