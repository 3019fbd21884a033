// SPDX-License-Identifier: MIT
// The object behind ufomem.Array: one region of the library, and what Python has to keep alive for it.
//
// All fields are guarded by the GIL.  A thread that works in the library without the GIL is counted in `calls` (see call.hpp): the region is
// freed by whoever is the last to leave, so that no thread ever holds a handle that was freed.
#pragma once

#include "python.hpp"
#include "residency.hpp"

#include <ufomem/ufo.h>

namespace ufomem::python {

struct Array {
    PyObject_HEAD ufo *region; // nullptr once it is freed
    PyArray_Descr *dtype;      // of an element
    PyObject *core;            // outlives its regions
    PyObject *populate;        // fn(first, count) -> array-like, or nullptr: a native source
    PyObject *writeback;       // fn(first, values), or nullptr
    PyObject *source;          // what a native source needs, e.g. a ctypes function
    PyObject *failures;        // dict: code of a callback -> what it raised, in words
    Py_ssize_t count;          // elements
    Py_ssize_t itemsize;       // bytes
    Py_ssize_t rows, columns;  // of a matrix; else 0
    bool column_major;
    bool read_only;
    bool writes_back;  // changes go to the source
    bool shared;       // memory of a service, which can take it away: never lent, only copied
    bool closed;       // by the user: new calls are refused
    bool forked;       // this is a child, and the region its parent's
    Py_ssize_t calls;  // threads in the library, or on their way in or out
    Py_ssize_t leases; // ndarrays over memory that is not pinned
    Residency residency;
    Array *older, *newer; // all that are not freed yet
};

/// ufomem._array.Base, made when the module is.
extern PyTypeObject *array_type;

/// Makes the type.  nullptr, with an exception, if that fails.
PyObject *make_array_type() noexcept;

/// False, with an exception, when the array is closed or was never made.
bool is_open(const Array *array) noexcept;

/// The elements [first, first + count) lie in the array; an IndexError if not.
bool in_range(const Array *array, Py_ssize_t first, Py_ssize_t count) noexcept;

/// Frees the region if the array is closed and nobody uses it any more.
void free_if_unused(Array *array) noexcept;

/// For the module: closes the open arrays of a core (nullptr: all that are not in use), the newest first.  False, with an exception, if changes could not be given
/// to their source; that array is still open then.
bool close_arrays(PyObject *core) noexcept;
/// For the module: whether the region of an array of the core is still there.
bool has_arrays(const PyObject *core) noexcept;
/// For the module: a forked child has the objects, but neither their regions nor the threads that were at work in them.
void arrays_after_fork() noexcept;

/// A new ndarray of dtype's elements, uninitialised: `dims` of 0, 1 or 2 lengths.
PyObject *new_ndarray(const Array *array, int dimensions, const npy_intp *dims, bool column_major) noexcept;

// Slots of the type: indexing.cpp
Py_ssize_t length(PyObject *self) noexcept;
PyObject *subscript(PyObject *self, PyObject *key) noexcept;
int assign(PyObject *self, PyObject *key, PyObject *value) noexcept;

// Slots of the type: array_methods.cpp
extern PyMethodDef array_methods[];
extern PyGetSetDef array_attributes[];
/// Gives changes to their source, then refuses new calls and waits for those at work.  False, with an exception, if the changes are not accepted.
bool close(Array *array) noexcept;

} // namespace ufomem::python
