// SPDX-License-Identifier: MIT
// What a key selects: a[5], a[2:9], a[3, :], a[:, ::2].
#pragma once

#include "array.hpp"

namespace ufomem::python {

/// Elements base + i * outer.step + j * inner.step, for i < outer.count, j < inner.count.  The inner axis is the one along which
/// neighbours in memory lie, or the only one.
struct Selection {
    struct Axis {
        Py_ssize_t step = 0, count = 1;
        bool kept = false; // in the result; false for an axis with a single index
    };
    Py_ssize_t base = 0;
    Axis outer, inner;

    static Selection one(Py_ssize_t index) noexcept { return {index, {}, {1, 1, false}}; }
    static Selection range(Py_ssize_t first, Py_ssize_t count) noexcept { return {first, {}, {1, count, true}}; }

    Py_ssize_t count() const noexcept { return outer.count * inner.count; }
    bool is_element() const noexcept { return !outer.kept && !inner.kept; }

    /// What the result looks like: rows before columns, whichever of them is the outer axis.
    int dimensions(bool column_major, npy_intp *dims) const noexcept;
};

/// Understands a key.  False with an exception: IndexError, or TypeError for what is no integer and no slice.
bool select(const Array *array, PyObject *key, Selection &selection) noexcept;

} // namespace ufomem::python
