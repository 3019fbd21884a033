// SPDX-License-Identifier: MIT
// The life of an array: made, closed, collected.
#include "array.hpp"

#include "call.hpp"
#include "callbacks.hpp"

namespace ufomem::python {

PyTypeObject *array_type = nullptr;

namespace {

constexpr npy_intp large_ndarray = 64 << 10, cache_line = 64; // bytes

Array *newest = nullptr; // of all arrays that are not freed, by `older`

void link(Array *array) noexcept
{
    array->older = newest;
    if (newest != nullptr)
        newest->newer = array;
    newest = array;
}

void unlink(Array *array) noexcept
{
    if (array->older != nullptr)
        array->older->newer = array->newer;
    (array->newer != nullptr ? array->newer->older : newest) = array->older;
    array->older = array->newer = nullptr;
}

bool set_callbacks(Array *array, ufo_config *config) noexcept
{
    ufo_status status = ufo_config_set_populate(config, ufomem_python_populate, array, nullptr);
    if (status == UFO_OK && array->writeback != nullptr)
        status = ufo_config_set_writeback(config, ufomem_python_writeback, array, nullptr);
    if (status == UFO_OK)
        status = ufo_config_set_populate_policy(config, UFO_POPULATE_CALLER);
    if (status != UFO_OK)
        raise_status(status, ufo_last_error());
    return status == UFO_OK;
}

/// What the service has: nothing of it is known before.  False, with an exception, if its elements are others than these.
bool take_shared(Array *array, ufo *region) noexcept
{
    array->shared = true;
    array->read_only = true;
    const auto size = static_cast<Py_ssize_t>(ufo_element_size(region));
    if (array->count == 0)
        array->count = static_cast<Py_ssize_t>(ufo_count(region));
    if (size == array->itemsize)
        return true;
    char sentence[128];
    snprintf(sentence, sizeof sentence, "the service's elements have %zd bytes, those of the dtype %zd", size,
             array->itemsize);
    raise_status(UFO_ERR_INVALID, sentence);
    return false;
}

/// count 0: as many as the service has.
/// Base(core_handle, config_handle, core, dtype, count, rows, columns, column_major, populate, writeback, source, read_only, writes_back)
int init(PyObject *self, PyObject *arguments, PyObject *) noexcept
{
    auto *const array = reinterpret_cast<Array *>(self);
    PyObject *core_handle, *config_handle, *core, *populate, *writeback, *source;
    PyArray_Descr *dtype = nullptr;
    Py_ssize_t count, rows, columns;
    int column_major, read_only, writes_back;
    if (array->region != nullptr || array->closed) {
        PyErr_SetString(PyExc_TypeError, "an array is made once");
        return -1;
    }
    if (!PyArg_ParseTuple(arguments, "OOOO&nnnpOOOpp", &core_handle, &config_handle, &core, PyArray_DescrConverter,
                          &dtype, &count, &rows, &columns, &column_major, &populate, &writeback, &source, &read_only,
                          &writes_back))
        return -1;
    Py_XSETREF(array->dtype, dtype);
    auto *const core_pointer = static_cast<ufo_core *>(PyLong_AsVoidPtr(core_handle));
    auto *const config = static_cast<ufo_config *>(PyLong_AsVoidPtr(config_handle));
    if (PyErr_Occurred())
        return -1;

    array->itemsize = PyDataType_ELSIZE(dtype);
    array->count = count;
    array->rows = rows;
    array->columns = columns;
    array->column_major = column_major != 0;
    array->read_only = read_only != 0;
    array->writes_back = writes_back != 0;
    Py_XSETREF(array->core, Ref::to(core).release());
    if (populate != Py_None)
        Py_XSETREF(array->populate, Ref::to(populate).release());
    if (writeback != Py_None)
        Py_XSETREF(array->writeback, Ref::to(writeback).release());
    if (source != Py_None)
        Py_XSETREF(array->source, Ref::to(source).release());
    if (array->populate != nullptr && !set_callbacks(array, config))
        return -1;

    Call call(array);
    ufo *const region = ufo_new(core_pointer, config);
    if (region != nullptr)
        array->residency.open(region, static_cast<size_t>(array->itemsize));
    if (!call.finish(region != nullptr ? UFO_OK : ufo_last_status()))
        return -1;
    if (ufo_get_delivery(region) == UFO_DELIVERY_SERVICE && !take_shared(array, region)) {
        Call end(array);
        ufo_free(region);
        end.finish(UFO_OK);
        return -1;
    }
    array->region = region;
    link(array);
    return 0;
}

/// The end of the region.  (Changes have gone to the source before, if that was wished: the library does it again for what came later.)
void free_region(Array *array) noexcept
{
    PyObject *type, *value, *traceback; // an exception may be on its way through the caller
    PyErr_Fetch(&type, &value, &traceback);
    ufo *const region = array->region;
    array->region = nullptr;
    unlink(array);
    {
        Call call(array);
        ufo_free(region);
        array->residency.close();
        call.finish_unraisable(UFO_OK);
    }
    PyErr_Restore(type, value, traceback);
}

void finalize(PyObject *self) noexcept
{
    auto *const array = reinterpret_cast<Array *>(self);
    if (array->region == nullptr || array->closed)
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (!close(array)) {
        PyErr_WriteUnraisable(self); // changes that nobody takes: said once, and then lost with their owner
        array->closed = true;
        free_if_unused(array);
    }
    PyErr_Restore(type, value, traceback);
}

int traverse(PyObject *self, visitproc visit, void *arg) noexcept
{
    auto *const array = reinterpret_cast<Array *>(self);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(array->core);
    Py_VISIT(array->populate);
    Py_VISIT(array->writeback);
    Py_VISIT(array->source);
    return 0;
}

int clear(PyObject *self) noexcept
{
    auto *const array = reinterpret_cast<Array *>(self);
    if (array->region != nullptr) // the library may still call
        return 0;
    Py_CLEAR(array->core);
    Py_CLEAR(array->populate);
    Py_CLEAR(array->writeback);
    Py_CLEAR(array->source);
    Py_CLEAR(array->failures);
    return 0;
}

void dealloc(PyObject *self) noexcept
{
    if (PyObject_CallFinalizerFromDealloc(self) != 0)
        return;
    PyTypeObject *const type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    clear(self);
    Py_CLEAR(reinterpret_cast<Array *>(self)->dtype);
    type->tp_free(self);
    Py_DECREF(type);
}

} // namespace

bool is_open(const Array *array) noexcept
{
    if (array->region != nullptr && !array->closed && !array->forked)
        return true;
    if (array->forked)
        raise_status(UFO_ERR_FORKED, "the array belongs to the parent process; make one here");
    else
        raise_status(UFO_ERR_CLOSED, "the array is closed");
    return false;
}

bool in_range(const Array *array, Py_ssize_t first, Py_ssize_t count) noexcept
{
    if (first >= 0 && count >= 0 && first <= array->count && count <= array->count - first)
        return true;
    PyErr_Format(PyExc_IndexError, "elements [%zd, %zd) are not all inside the array, which has %zd", first,
                 first + count, array->count);
    return false;
}

void free_if_unused(Array *array) noexcept
{
    if (array->region != nullptr && array->closed && !array->forked && array->calls == 0 && array->leases == 0)
        free_region(array);
}

bool close(Array *array) noexcept
{
    if (array->region == nullptr || array->closed)
        return true;
    if (array->forked) {
        array->closed = true;
        return true;
    }
    if (array->writes_back && !array->read_only) {
        Call call(array);
        if (!call.finish(ufo_flush(array->region, 0, static_cast<size_t>(array->count))))
            return false;
    }
    array->closed = true;
    free_if_unused(array);
    // Those at work end by themselves; the last of them frees the region.  A callback must not wait: it may be one of them, or they may wait for it.
    while (array->calls != 0 && array->region != nullptr && Call::innermost() == nullptr
           && !other_threads_are_stopped()) {
        const unsigned long ended = ended_calls();
        if (array->calls != 0)
            wait_for_end_of_calls(ended);
    }
    return true;
}

bool close_arrays(PyObject *core) noexcept
{
    bool all = true;
    Array *array = newest;
    while (array != nullptr) {
        const bool wanted = core != nullptr ? array->core == core : array->calls == 0;
        if (array->closed || !wanted) {
            array = array->older;
            continue;
        }
        const Ref kept = Ref::to(reinterpret_cast<PyObject *>(array));
        if (!close(array)) {
            if (core != nullptr)
                return false;
            PyErr_WriteUnraisable(kept.get());
            all = false;
            array = array->older;
        } else {
            array = newest; // others may have come and gone meanwhile
        }
    }
    return all;
}

bool has_arrays(const PyObject *core) noexcept
{
    const Array *array = newest;
    while (array != nullptr && array->core != core)
        array = array->older;
    return array != nullptr;
}

void arrays_after_fork() noexcept
{
    for (Array *array = newest; array != nullptr; array = array->older) {
        array->forked = true;
        array->residency.abandon();
    }
}

PyObject *new_ndarray(const Array *array, int dimensions, const npy_intp *dims, bool column_major) noexcept
{
    PyArray_Descr *const dtype = array->dtype;
    Py_INCREF(dtype);
    const npy_intp bytes = PyArray_MultiplyList(dims, dimensions) * array->itemsize;
    if (bytes < large_ndarray)
        return PyArray_Empty(dimensions, dims, dtype, column_major ? 1 : 0);

    // What NumPy allocates begins 16 bytes into a page; from there to a chunk, which begins with its page, `rep movsb` (memcpy of glibc) is three
    // times as slow on AMD's Zen.  So the ndarray shows the aligned part of a larger one.
    const npy_intp with_room = bytes + cache_line;
    Ref memory(PyArray_SimpleNew(1, &with_room, NPY_UINT8));
    if (!memory) {
        Py_DECREF(dtype);
        return nullptr;
    }
    char *const begin = PyArray_BYTES(memory.array());
    char *const aligned = begin + (-reinterpret_cast<uintptr_t>(begin) & (cache_line - 1));
    const int flags =
        NPY_ARRAY_WRITEABLE | NPY_ARRAY_ALIGNED | (column_major ? NPY_ARRAY_F_CONTIGUOUS : NPY_ARRAY_C_CONTIGUOUS);
    Ref result(PyArray_NewFromDescr(&PyArray_Type, dtype, dimensions, dims, nullptr, aligned, flags, nullptr));
    return result && PyArray_SetBaseObject(result.array(), memory.release()) == 0 ? result.release() : nullptr;
}

PyObject *make_array_type() noexcept
{
    static PyType_Slot slots[] = {
        {Py_tp_doc, const_cast<char *>("One region of the library; see ufomem.Array, its only subclass.")},
        {Py_tp_init, reinterpret_cast<void *>(init)},
        {Py_tp_finalize, reinterpret_cast<void *>(finalize)},
        {Py_tp_dealloc, reinterpret_cast<void *>(dealloc)},
        {Py_tp_traverse, reinterpret_cast<void *>(traverse)},
        {Py_tp_clear, reinterpret_cast<void *>(clear)},
        {Py_tp_methods, array_methods},
        {Py_tp_getset, array_attributes},
        {Py_mp_length, reinterpret_cast<void *>(length)},
        {Py_mp_subscript, reinterpret_cast<void *>(subscript)},
        {Py_mp_ass_subscript, reinterpret_cast<void *>(assign)},
        {0, nullptr},
    };
    static PyType_Spec spec = {"ufomem._array.Base", sizeof(Array), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
    PyObject *const type = PyType_FromSpec(&spec);
    array_type = reinterpret_cast<PyTypeObject *>(type); // for ever, as the module
    return Ref::to(type).release();
}

} // namespace ufomem::python
