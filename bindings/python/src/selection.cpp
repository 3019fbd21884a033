// SPDX-License-Identifier: MIT
#include "selection.hpp"

namespace ufomem::python {

namespace {

/// One part of a key, on an axis of `length` indices.
struct Part {
    Py_ssize_t start = 0, step = 1, count = 1;
    bool kept = false;
};

bool understand(PyObject *key, Py_ssize_t length, Part &part) noexcept
{
    if (PySlice_Check(key)) {
        Py_ssize_t stop;
        if (PySlice_Unpack(key, &part.start, &stop, &part.step) != 0)
            return false;
        part.count = PySlice_AdjustIndices(length, &part.start, &stop, part.step);
        part.kept = true;
        return true;
    }
    if (!PyIndex_Check(key) || PyBool_Check(key)) {
        PyErr_Format(PyExc_TypeError,
                     "an index is an integer or a slice, not %.100s; for other kinds read a slice, and index the "
                     "ndarray that it gives",
                     Py_TYPE(key)->tp_name);
        return false;
    }
    const Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (index == -1 && PyErr_Occurred())
        return false;
    if (index < -length || index >= length) {
        PyErr_Format(PyExc_IndexError, "index %zd is out of range for a length of %zd", index, length);
        return false;
    }
    part.start = index < 0 ? index + length : index;
    return true;
}

} // namespace

int Selection::dimensions(bool column_major, npy_intp *dims) const noexcept
{
    int dimensions = 0;
    for (const Axis &axis : {column_major ? inner : outer, column_major ? outer : inner})
        if (axis.kept)
            dims[dimensions++] = axis.count;
    return dimensions;
}

bool select(const Array *array, PyObject *key, Selection &selection) noexcept
{
    const int dimensions = array->columns != 0 ? 2 : 1;
    const Py_ssize_t lengths[2] = {dimensions == 2 ? array->rows : array->count, array->columns};

    // Axes that the key does not mention, and "...", are taken whole.
    PyObject *parts[2] = {nullptr, nullptr};
    PyObject *const *items = &key;
    Py_ssize_t given = 1;
    if (PyTuple_Check(key)) {
        given = PyTuple_GET_SIZE(key);
        items = given > 0 ? &PyTuple_GET_ITEM(key, 0) : nullptr;
    }
    Py_ssize_t mentioned = 0;
    for (Py_ssize_t i = 0; i < given; i++)
        mentioned += items[i] != Py_Ellipsis;
    if (mentioned > dimensions || given - mentioned > 1) {
        PyErr_Format(PyExc_IndexError, "%zd indices for an array of %d dimension%s", given, dimensions,
                     dimensions == 1 ? "" : "s");
        return false;
    }
    for (Py_ssize_t i = 0, axis = 0; i < given; i++) {
        if (items[i] == Py_Ellipsis)
            axis += dimensions - mentioned;
        else
            parts[axis++] = items[i];
    }

    Part understood[2];
    for (int axis = 0; axis < dimensions; axis++) {
        if (parts[axis] == nullptr)
            understood[axis] = {0, 1, lengths[axis], true};
        else if (!understand(parts[axis], lengths[axis], understood[axis]))
            return false;
    }

    if (dimensions == 1) {
        const Part &only = understood[0];
        selection = {only.start, {}, {only.step, only.count, only.kept}};
        return true;
    }
    const Part &outer = understood[array->column_major ? 1 : 0];
    const Part &inner = understood[array->column_major ? 0 : 1];
    const Py_ssize_t stride = array->column_major ? array->rows : array->columns;
    selection = {outer.start * stride + inner.start,
                 {outer.step * stride, outer.count, outer.kept},
                 {inner.step, inner.count, inner.kept}};
    return true;
}

} // namespace ufomem::python
