// SPDX-License-Identifier: MIT
// len(a), a[key] and a[key] = value.
#include "call.hpp"
#include "convert.hpp"
#include "selection.hpp"
#include "transfer.hpp"

#include <algorithm>

namespace ufomem::python {

namespace {

constexpr Py_ssize_t small_element = 64; // bytes; larger ones are read into an ndarray first

PyObject *element(Array *array, Py_ssize_t index) noexcept
{
    if (array->itemsize <= small_element) {
        alignas(16) unsigned char bytes[small_element];
        return read_element(array, index, bytes) ? PyArray_Scalar(bytes, array->dtype, nullptr) : nullptr;
    }
    const Ref whole(new_ndarray(array, 0, nullptr, false));
    if (!whole || !read_element(array, index, PyArray_DATA(whole.array())))
        return nullptr;
    return PyArray_Scalar(PyArray_DATA(whole.array()), array->dtype, nullptr);
}

/// a[i] with a plain integer, which most keys are.
bool simple_index(const Array *array, PyObject *key, Py_ssize_t &index) noexcept
{
    if (array->columns != 0 || !PyLong_CheckExact(key))
        return false;
    index = PyLong_AsSsize_t(key);
    if (index == -1 && PyErr_Occurred()) {
        PyErr_Clear(); // select() says it better
        return false;
    }
    if (index < 0)
        index += array->count;
    return index >= 0 && index < array->count;
}

bool assign_element(Array *array, Py_ssize_t index, PyObject *value) noexcept
{
    alignas(16) unsigned char bytes[small_element];
    Ref whole;
    void *at = bytes;
    if (array->itemsize > small_element) {
        whole = Ref(new_ndarray(array, 0, nullptr, false));
        if (!whole)
            return false;
        at = PyArray_DATA(whole.array());
    }
    // (Converting may run Python code, which may close the array.)
    return store_element(array, value, at) && is_open(array) && write(array, Selection::one(index), at, 1);
}

/// a[...] = 0: a block of equal elements, so that the memory for it is small whatever is assigned to.
bool fill(Array *array, const Selection &to, PyArrayObject *value) noexcept
{
    constexpr Py_ssize_t block_bytes = 256 << 10;
    const npy_intp length = std::min(to.count(), std::max<Py_ssize_t>(block_bytes / array->itemsize, 1));
    const Ref block(new_ndarray(array, 1, &length, false));
    return block && PyArray_CopyInto(block.array(), value) == 0 && is_open(array)
           && write(array, to, PyArray_DATA(block.array()), length);
}

bool assign_many(Array *array, const Selection &to, PyObject *value) noexcept
{
    Ref values = as_elements(array, value, "a value");
    if (!values)
        return false;
    if (PyArray_NDIM(values.array()) == 0)
        return fill(array, to, values.array());
    npy_intp dims[2];
    const int dimensions = to.dimensions(array->column_major, dims);
    const bool in_place =
        PyArray_NDIM(values.array()) == dimensions
        && PyArray_CompareLists(PyArray_DIMS(values.array()), dims, dimensions)
        && PyArray_EquivTypes(PyArray_DESCR(values.array()), array->dtype)
        && (array->column_major ? PyArray_IS_F_CONTIGUOUS(values.array()) : PyArray_IS_C_CONTIGUOUS(values.array()));
    if (!in_place) {
        Ref ordered(new_ndarray(array, dimensions, dims, array->column_major));
        if (!ordered || PyArray_CopyInto(ordered.array(), values.array()) != 0)
            return false;
        values = std::move(ordered);
    }
    return is_open(array) && write(array, to, PyArray_DATA(values.array()), to.count());
}

} // namespace

Py_ssize_t length(PyObject *self) noexcept
{
    const auto *const array = reinterpret_cast<const Array *>(self);
    return array->columns != 0 ? array->rows : array->count;
}

PyObject *subscript(PyObject *self, PyObject *key) noexcept
{
    auto *const array = reinterpret_cast<Array *>(self);
    if (!is_open(array))
        return nullptr;
    Py_ssize_t index;
    if (simple_index(array, key, index))
        return element(array, index);
    Selection selection;
    if (!select(array, key, selection) || !is_open(array))
        return nullptr;
    if (selection.is_element())
        return element(array, selection.base);
    npy_intp dims[2];
    const int dimensions = selection.dimensions(array->column_major, dims);
    Ref result(new_ndarray(array, dimensions, dims, array->column_major));
    return result && read(array, selection, PyArray_DATA(result.array())) ? result.release() : nullptr;
}

int assign(PyObject *self, PyObject *key, PyObject *value) noexcept
{
    auto *const array = reinterpret_cast<Array *>(self);
    if (value == nullptr) {
        PyErr_SetString(PyExc_TypeError, "elements of a lazy array cannot be deleted");
        return -1;
    }
    if (!is_open(array))
        return -1;
    if (array->read_only) {
        raise_status(UFO_ERR_READ_ONLY,
                     array->shared
                         ? "an array of a service is read-only"
                         : "the array is read-only; make it without read_only=True (files: with mode \"c\" or \"r+\")");
        return -1;
    }
    Py_ssize_t index;
    if (simple_index(array, key, index))
        return assign_element(array, index, value) ? 0 : -1;
    Selection selection;
    if (!select(array, key, selection))
        return -1;
    const bool done =
        selection.is_element() ? assign_element(array, selection.base, value) : assign_many(array, selection, value);
    return done ? 0 : -1;
}

} // namespace ufomem::python
