// SPDX-License-Identifier: MIT
#include "convert.hpp"

#include <cstring>

namespace ufomem::python {

namespace {

char kind(const PyArray_Descr *dtype) noexcept { return dtype->kind; }

bool is_whole(char kind) noexcept { return kind == 'i' || kind == 'u' || kind == 'b'; }

/// The very bytes of the elements, one after the other.
bool is_plain(const Array *array, PyArrayObject *values) noexcept
{
    return PyArray_IS_C_CONTIGUOUS(values) && PyArray_EquivTypes(PyArray_DESCR(values), array->dtype);
}

/// A Python integer fits elements of a whole type; an OverflowError if not.  (NumPy before 2.0 wraps it around, and warns.)
bool in_bounds(const Array *array, PyObject *number) noexcept
{
    const int bits = static_cast<int>(array->itemsize) * 8;
    bool fits;
    if (kind(array->dtype) == 'u') {
        const unsigned long long value = PyLong_AsUnsignedLongLong(number);
        if (value == static_cast<unsigned long long>(-1) && PyErr_Occurred())
            return false;
        fits = bits >= 64 || value >> bits == 0;
    } else {
        const long long value = PyLong_AsLongLong(number);
        if (value == -1 && PyErr_Occurred())
            return false;
        fits = bits >= 64 || value >> (bits - 1) == 0 || value >> (bits - 1) == -1;
    }
    if (!fits)
        PyErr_Format(PyExc_OverflowError, "%S is out of bounds for elements of type %S", number,
                     reinterpret_cast<PyObject *>(array->dtype));
    return fits;
}

/// An ndarray over `out`, for the time of one conversion.
Ref over(const Array *array, int dimensions, const npy_intp *dims, void *out) noexcept
{
    Py_INCREF(array->dtype);
    return Ref(
        PyArray_NewFromDescr(&PyArray_Type, array->dtype, dimensions, dims, nullptr, out, NPY_ARRAY_CARRAY, nullptr));
}

} // namespace

Ref as_elements(const Array *array, PyObject *value, const char *what) noexcept
{
    if (value == Py_None) { // which NumPy takes for "not a number"
        PyErr_Format(PyExc_TypeError, "%s is None", what);
        return Ref();
    }
    if (kind(array->dtype) == 'V' && !PyArray_Check(value)) { // tuples are structures only to those who know the type
        Py_INCREF(array->dtype);
        return Ref(PyArray_FromAny(value, array->dtype, 0, 0, 0, nullptr));
    }
    Ref values = PyArray_Check(value) ? Ref::to(value) : Ref(PyArray_FROM_O(value));
    if (!values)
        return values;
    PyArray_Descr *const from = PyArray_DESCR(values.array());
    const bool fits = PyArray_CanCastArrayTo(values.array(), array->dtype, NPY_SAME_KIND_CASTING)
                      || (is_whole(kind(from)) && is_whole(kind(array->dtype)))
                      || (kind(from) == 'O' && !PyArray_Check(value)); // big integers, or rubbish: NumPy tells
    if (fits)
        return values;
    PyErr_Format(PyExc_TypeError,
                 "%s of type %S cannot become elements of type %S without loss; convert with .astype()", what,
                 reinterpret_cast<PyObject *>(from), reinterpret_cast<PyObject *>(array->dtype));
    return Ref();
}

bool store_populated(const Array *array, PyObject *result, Py_ssize_t first, Py_ssize_t count, void *out) noexcept
{
    const Ref values = as_elements(array, result, "the result of populate");
    if (!values)
        return false;
    const bool one_for_all = PyArray_NDIM(values.array()) == 0;
    if (!one_for_all && PyArray_SIZE(values.array()) != count) {
        PyErr_Format(PyExc_ValueError, "populate returned %zd elements where [%zd, %zd) are wanted, which are %zd",
                     static_cast<Py_ssize_t>(PyArray_SIZE(values.array())), first, first + count, count);
        return false;
    }
    if (!one_for_all && is_plain(array, values.array())) {
        std::memcpy(out, PyArray_DATA(values.array()), static_cast<size_t>(count * array->itemsize));
        return true;
    }
    const npy_intp flat = count;
    const Ref target = one_for_all ? over(array, 1, &flat, out)
                                   : over(array, PyArray_NDIM(values.array()), PyArray_DIMS(values.array()), out);
    return target && PyArray_CopyInto(target.array(), values.array()) == 0;
}

bool store_element(const Array *array, PyObject *value, void *out) noexcept
{
    const char to = kind(array->dtype);
    const bool simple =
        (PyLong_CheckExact(value) && (is_whole(to) || to == 'f')) || (PyFloat_CheckExact(value) && to == 'f');
    const Ref values = simple ? Ref() : as_elements(array, value, "a value");
    if (!simple && !values)
        return false;
    const Ref target = over(array, 0, nullptr, out);
    if (!target)
        return false;
    if (PyLong_CheckExact(value) && (to == 'i' || to == 'u') && !in_bounds(array, value))
        return false;
    if (simple)
        return PyArray_SETITEM(target.array(), static_cast<char *>(out), value) == 0;
    if (PyArray_SIZE(values.array()) != 1) {
        PyErr_SetString(PyExc_ValueError, "one element is wanted, not a sequence of them");
        return false;
    }
    const Ref scalar(PyArray_NDIM(values.array()) == 0 ? Ref::to(values.get()).release()
                                                       : PyArray_Reshape(values.array(), Ref(PyTuple_New(0)).get()));
    return scalar && PyArray_CopyInto(target.array(), scalar.array()) == 0;
}

} // namespace ufomem::python
