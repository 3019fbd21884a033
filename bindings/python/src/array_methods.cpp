// SPDX-License-Identifier: MIT
// Methods and attributes of the base of ufomem.Array.  What users see of them is documented in arrays.py.
#include "call.hpp"
#include "lease.hpp"
#include "transfer.hpp"

namespace ufomem::python {

namespace {

Array *as_array(PyObject *self) noexcept { return reinterpret_cast<Array *>(self); }

/// A call of the library on a range, method(first, count).
using RangeCall = ufo_status (*)(ufo *, size_t, size_t);

/// `piece_bytes`: so much at once, with Python's signals handled in between; 0: all.
PyObject *on_range(PyObject *self, PyObject *arguments, RangeCall function, Py_ssize_t piece_bytes) noexcept
{
    Array *const array = as_array(self);
    Py_ssize_t first, count;
    if (!PyArg_ParseTuple(arguments, "nn", &first, &count) || !is_open(array) || !in_range(array, first, count))
        return nullptr;
    Py_ssize_t piece = piece_bytes == 0 ? count : piece_bytes / array->itemsize;
    if (piece == 0)
        piece = 1;
    Call call(array);
    ufo_status status = UFO_OK;
    while (count > 0 && status == UFO_OK) {
        if (piece > count)
            piece = count;
        status = function(array->region, static_cast<size_t>(first), static_cast<size_t>(piece));
        first += piece;
        count -= piece;
        if (count > 0 && !call.go_on())
            break;
    }
    if (!call.finish(status))
        return nullptr;
    Py_RETURN_NONE;
}

constexpr Py_ssize_t touched_at_once = 8 << 20; // bytes

PyObject *touch(PyObject *self, PyObject *arguments) noexcept
{
    return on_range(self, arguments, ufo_touch, touched_at_once);
}
PyObject *flush(PyObject *self, PyObject *arguments) noexcept { return on_range(self, arguments, ufo_flush, 0); }
PyObject *evict(PyObject *self, PyObject *arguments) noexcept { return on_range(self, arguments, ufo_evict, 0); }
PyObject *reset(PyObject *self, PyObject *arguments) noexcept { return on_range(self, arguments, ufo_reset, 0); }

PyObject *advise(PyObject *self, PyObject *arguments) noexcept
{
    Array *const array = as_array(self);
    Py_ssize_t first, count;
    int advice;
    if (!PyArg_ParseTuple(arguments, "nni", &first, &count, &advice) || !is_open(array)
        || !in_range(array, first, count))
        return nullptr;
    Call call(array);
    if (!call.finish(ufo_advise(array->region, static_cast<size_t>(first), static_cast<size_t>(count), advice)))
        return nullptr;
    Py_RETURN_NONE;
}

PyObject *read_into(PyObject *self, PyObject *arguments) noexcept
{
    Array *const array = as_array(self);
    Py_ssize_t first;
    PyObject *out;
    if (!PyArg_ParseTuple(arguments, "nO!", &first, &PyArray_Type, &out) || !is_open(array))
        return nullptr;
    auto *const target = reinterpret_cast<PyArrayObject *>(out);
    if (!PyArray_IS_C_CONTIGUOUS(target) || !PyArray_ISWRITEABLE(target)
        || !PyArray_EquivTypes(PyArray_DESCR(target), array->dtype)) {
        PyErr_Format(PyExc_ValueError, "out has to be a contiguous, writable ndarray of type %S",
                     reinterpret_cast<PyObject *>(array->dtype));
        return nullptr;
    }
    const Py_ssize_t count = PyArray_SIZE(target);
    if (!in_range(array, first, count) || !read(array, Selection::range(first, count), PyArray_DATA(target)))
        return nullptr;
    Py_INCREF(out);
    return out;
}

PyObject *read_new(PyObject *self, PyObject *arguments) noexcept
{
    Array *const array = as_array(self);
    Py_ssize_t first;
    npy_intp count;
    if (!PyArg_ParseTuple(arguments, "nn", &first, &count) || !is_open(array) || !in_range(array, first, count))
        return nullptr;
    Ref out(new_ndarray(array, 1, &count, false));
    return out && read(array, Selection::range(first, count), PyArray_DATA(out.array())) ? out.release() : nullptr;
}

PyObject *pinned(PyObject *self, PyObject *arguments) noexcept
{
    Py_ssize_t first, count;
    int for_writing;
    if (!PyArg_ParseTuple(arguments, "nnp", &first, &count, &for_writing))
        return nullptr;
    return lend_pinned(as_array(self), first, count, for_writing != 0);
}

PyObject *whole(PyObject *self, PyObject *) noexcept { return lend_whole(as_array(self)); }

PyObject *stats(PyObject *self, PyObject *) noexcept
{
    Array *const array = as_array(self);
    if (!is_open(array))
        return nullptr;
    ufo_stats figures;
    figures.struct_size = sizeof figures;
    Call call(array);
    if (!call.finish(ufo_stats_get(array->region, &figures)))
        return nullptr;
    return Py_BuildValue("{sK sK sK sK sK sK sK sK sK sK sK}", "resident_bytes", figures.resident_bytes, "pins",
                         figures.pins, "faults", figures.faults, "populates", figures.populates, "populated_bytes",
                         figures.populated_bytes, "evictions", figures.evictions, "rescues", figures.rescues,
                         "written_back_bytes", figures.written_back_bytes, "spill_written_bytes",
                         figures.spill_written_bytes, "spill_read_bytes", figures.spill_read_bytes, "failures",
                         figures.failures);
}

PyObject *close_method(PyObject *self, PyObject *) noexcept
{
    if (!close(as_array(self)))
        return nullptr;
    Py_RETURN_NONE;
}

PyObject *get_dtype(PyObject *self, void *) noexcept
{
    auto *const dtype = reinterpret_cast<PyObject *>(as_array(self)->dtype);
    return Ref::to(dtype != nullptr ? dtype : Py_None).release();
}
PyObject *get_shape(PyObject *self, void *) noexcept
{
    const Array *const array = as_array(self);
    return array->columns != 0 ? Py_BuildValue("(nn)", array->rows, array->columns)
                               : Py_BuildValue("(n)", array->count);
}
PyObject *get_size(PyObject *self, void *) noexcept { return PyLong_FromSsize_t(as_array(self)->count); }
PyObject *get_order(PyObject *self, void *) noexcept
{
    return PyUnicode_FromString(as_array(self)->column_major ? "F" : "C");
}
PyObject *get_read_only(PyObject *self, void *) noexcept { return PyBool_FromLong(as_array(self)->read_only); }
PyObject *get_native(PyObject *self, void *) noexcept
{
    return PyBool_FromLong(as_array(self)->populate == nullptr && !as_array(self)->shared);
}
PyObject *get_shared(PyObject *self, void *) noexcept { return PyBool_FromLong(as_array(self)->shared); }
PyObject *get_closed(PyObject *self, void *) noexcept
{
    const Array *const array = as_array(self);
    return PyBool_FromLong(array->closed || array->region == nullptr);
}
PyObject *get_chunk(PyObject *self, void *) noexcept
{
    const Array *const array = as_array(self);
    return is_open(array) ? PyLong_FromSize_t(ufo_chunk(array->region)) : nullptr;
}

} // namespace

PyMethodDef array_methods[] = {
    {"_touch", touch, METH_VARARGS, "_touch(first, count)"},
    {"_flush", flush, METH_VARARGS, "_flush(first, count)"},
    {"_evict", evict, METH_VARARGS, "_evict(first, count)"},
    {"_reset", reset, METH_VARARGS, "_reset(first, count)"},
    {"_advise", advise, METH_VARARGS, "_advise(first, count, advice)"},
    {"_read_into", read_into, METH_VARARGS, "_read_into(first, out) -> out"},
    {"_read_new", read_new, METH_VARARGS, "_read_new(first, count) -> ndarray"},
    {"_pinned", pinned, METH_VARARGS, "_pinned(first, count, for_writing) -> ndarray"},
    {"_whole", whole, METH_NOARGS, "_whole() -> ndarray"},
    {"_stats", stats, METH_NOARGS, "_stats() -> dict"},
    {"_close", close_method, METH_NOARGS, "_close()"},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef array_attributes[] = {
    {"dtype", get_dtype, nullptr, "NumPy type of an element.", nullptr},
    {"shape", get_shape, nullptr, "(n,), or (rows, columns).", nullptr},
    {"size", get_size, nullptr, "Number of elements.", nullptr},
    {"order", get_order, nullptr, "'C': rows one after the other in memory; 'F': columns.", nullptr},
    {"chunk", get_chunk, nullptr, "Elements that come into memory and leave it together.", nullptr},
    {"read_only", get_read_only, nullptr, "Whether assigning is an error.", nullptr},
    {"native", get_native, nullptr, "Whether the source is native code, so that ndarray() is possible.", nullptr},
    {"shared", get_shared, nullptr, "Whether the memory is a service's, made by a Client.", nullptr},
    {"closed", get_closed, nullptr, "Whether close() was called.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

} // namespace ufomem::python
