// SPDX-License-Identifier: MIT
// The C interfaces of Python and NumPy, and references that give themselves back.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

// One table of NumPy's functions for all files of the module; module.cpp fills it.
#define NPY_NO_DEPRECATED_API NPY_1_20_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL ufomem_numpy
#ifndef UFOMEM_IMPORTS_NUMPY
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#include <utility>

#if NPY_ABI_VERSION < 0x02000000
#define PyDataType_ELSIZE(dtype) ((dtype)->elsize)
#endif

namespace ufomem::python {

/// A strong reference.  The GIL must be held wherever one ends.
class Ref {
  public:
    Ref() noexcept = default;
    /// Takes over a new reference, or nullptr.
    explicit Ref(PyObject *owned) noexcept : object_(owned) {}
    Ref(Ref &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Ref &operator=(Ref &&other) noexcept
    {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() { Py_XDECREF(object_); }

    static Ref to(PyObject *borrowed) noexcept
    {
        Py_XINCREF(borrowed);
        return Ref(borrowed);
    }

    explicit operator bool() const noexcept { return object_ != nullptr; }
    PyObject *get() const noexcept { return object_; }
    PyArrayObject *array() const noexcept { return reinterpret_cast<PyArrayObject *>(object_); }
    PyObject *release() noexcept { return std::exchange(object_, nullptr); }

  private:
    PyObject *object_ = nullptr;
};

} // namespace ufomem::python
