// SPDX-License-Identifier: MIT
#include "lease.hpp"

#include "call.hpp"
#include "transfer.hpp"

namespace ufomem::python {

namespace {

PyTypeObject *lease_type = nullptr;

struct Lease {
    PyObject_HEAD Array *array;
    ufo *pinned; // nullptr: whole, not pinned.  Stays valid for the unpin when the array is closed meanwhile
    Py_ssize_t first, count;
};

void dealloc(PyObject *self) noexcept
{
    auto *const lease = reinterpret_cast<Lease *>(self);
    PyTypeObject *const type = Py_TYPE(self);
    Array *const array = lease->array;
    if (array != nullptr) {
        PyObject *error_type, *value, *traceback; // an ndarray may end while an exception is on its way
        PyErr_Fetch(&error_type, &value, &traceback);
        if (lease->pinned == nullptr) {
            array->leases--;
            free_if_unused(array);
        } else if (!array->forked) {
            // The last unpin of a region that was freed takes its memory down, and waits for those at work there.
            Call call(array);
            call.finish_unraisable(
                ufo_unpin(lease->pinned, static_cast<size_t>(lease->first), static_cast<size_t>(lease->count)));
        }
        PyErr_Restore(error_type, value, traceback);
        Py_DECREF(array);
    }
    type->tp_free(self);
    Py_DECREF(type);
}

Lease *new_lease(Array *array) noexcept
{
    auto *const lease = reinterpret_cast<Lease *>(lease_type->tp_alloc(lease_type, 0));
    if (lease == nullptr)
        return nullptr;
    Py_INCREF(array);
    lease->array = array;
    array->leases++;
    return lease;
}

/// Takes over the lease.
PyObject *over(Lease *lease, int dimensions, const npy_intp *dims, bool column_major, void *data,
               bool writable) noexcept
{
    Ref base(reinterpret_cast<PyObject *>(lease));
    PyArray_Descr *const dtype = lease->array->dtype;
    Py_INCREF(dtype);
    const int order = column_major ? NPY_ARRAY_F_CONTIGUOUS : NPY_ARRAY_C_CONTIGUOUS;
    npy_intp strides[2] = {lease->array->itemsize, lease->array->itemsize};
    if (dimensions == 2)
        strides[column_major ? 1 : 0] *= dims[column_major ? 0 : 1];
    const int flags = order | NPY_ARRAY_ALIGNED | (writable ? NPY_ARRAY_WRITEABLE : 0);
    Ref result(PyArray_NewFromDescr(&PyArray_Type, dtype, dimensions, dims, strides, data, flags, nullptr));
    if (!result || PyArray_SetBaseObject(result.array(), base.release()) != 0)
        return nullptr;
    return result.release();
}

/// Of memory that may end in SIGBUS at any moment, whatever is pinned, nothing is lent: NumPy would end with it.
PyObject *copy_of_shared(Array *array, Py_ssize_t first, npy_intp count, bool for_writing) noexcept
{
    if (for_writing) {
        raise_status(UFO_ERR_READ_ONLY, "an array of a service is read-only");
        return nullptr;
    }
    Ref copy(new_ndarray(array, 1, &count, false));
    if (!copy || !read(array, Selection::range(first, count), PyArray_DATA(copy.array())))
        return nullptr;
    PyArray_CLEARFLAGS(copy.array(), NPY_ARRAY_WRITEABLE);
    return copy.release();
}

} // namespace

PyObject *lend_pinned(Array *array, Py_ssize_t first, Py_ssize_t count, bool for_writing) noexcept
{
    if (!is_open(array) || !in_range(array, first, count))
        return nullptr;
    if (array->shared)
        return copy_of_shared(array, first, count, for_writing);
    const npy_intp dims = count;
    if (count == 0)
        return new_ndarray(array, 1, &dims, false);
    Lease *const lease = new_lease(array);
    if (lease == nullptr)
        return nullptr;
    ufo *const region = array->region;
    const auto from = static_cast<size_t>(first), length = static_cast<size_t>(count);
    auto *const data = static_cast<unsigned char *>(ufo_data(region)) + from * static_cast<size_t>(array->itemsize);
    Call call(array);
    const ufo_status status = for_writing ? ufo_pin_write(region, from, length) : ufo_pin(region, from, length);
    const bool pinned = call.finish(status);
    if (status == UFO_OK) {
        // From here on the pin keeps the memory, also beyond close().
        lease->pinned = region;
        lease->first = first;
        lease->count = count;
        array->leases--;
        free_if_unused(array);
    }
    if (!pinned) {
        Py_DECREF(lease);
        return nullptr;
    }
    return over(lease, 1, &dims, false, data, for_writing);
}

PyObject *lend_whole(Array *array) noexcept
{
    if (!is_open(array))
        return nullptr;
    if (array->populate != nullptr) {
        raise_status(UFO_ERR_UNSUPPORTED, "elements computed by a Python callback cannot come in by page faults, so "
                                          "there is no ndarray over all of them: "
                                          "use view() for a pinned part, or a slice for a copy");
        return nullptr;
    }
    if (array->shared) {
        raise_status(UFO_ERR_UNSUPPORTED,
                     "the memory of a service can go with it at any time, so there is no ndarray over it: "
                     "use a slice, view() or read() for a copy");
        return nullptr;
    }
    Lease *const lease = new_lease(array);
    if (lease == nullptr)
        return nullptr;
    const npy_intp flat = array->count, matrix[2] = {array->rows, array->columns};
    const bool two = array->columns != 0;
    return over(lease, two ? 2 : 1, two ? matrix : &flat, array->column_major, ufo_data(array->region),
                !array->read_only);
}

PyObject *make_lease_type() noexcept
{
    static PyType_Slot slots[] = {
        {Py_tp_doc, const_cast<char *>("Keeps memory of a lazy array for the ndarrays that show it.")},
        {Py_tp_dealloc, reinterpret_cast<void *>(dealloc)},
        {0, nullptr},
    };
    static PyType_Spec spec = {"ufomem._array.Lease", sizeof(Lease), 0, Py_TPFLAGS_DEFAULT, slots};
    PyObject *const type = PyType_FromSpec(&spec);
    lease_type = reinterpret_cast<PyTypeObject *>(type); // for ever, as the module
    return Ref::to(type).release();
}

} // namespace ufomem::python
