// SPDX-License-Identifier: MIT
// The module ufomem._array: what of the package has to be fast, or has to hold the library's hand.
#define UFOMEM_IMPORTS_NUMPY
#include "array.hpp"
#include "call.hpp"
#include "lease.hpp"

namespace {

using namespace ufomem::python;

PyObject *set_make_error(PyObject *, PyObject *function)
{
    Py_XSETREF(make_error, Ref::to(function).release());
    Py_RETURN_NONE;
}

PyObject *close_arrays_of(PyObject *, PyObject *core)
{
    if (!close_arrays(core))
        return nullptr;
    Py_RETURN_NONE;
}

PyObject *close_idle_arrays(PyObject *, PyObject *)
{
    stop_other_threads();
    close_arrays(nullptr);
    Py_RETURN_NONE;
}

PyObject *has_arrays_of(PyObject *, PyObject *core) { return PyBool_FromLong(has_arrays(core)); }

PyObject *after_fork(PyObject *, PyObject *)
{
    arrays_after_fork();
    Py_RETURN_NONE;
}

PyMethodDef functions[] = {
    {"set_make_error", set_make_error, METH_O, "set_make_error(function): function(status, sentence) -> exception"},
    {"close_arrays_of", close_arrays_of, METH_O, "close_arrays_of(core): the newest first"},
    {"close_idle_arrays", close_idle_arrays, METH_NOARGS, "close_idle_arrays(): at the end of the process"},
    {"has_arrays", has_arrays_of, METH_O, "has_arrays(core): whether a region of the core is still there"},
    {"after_fork", after_fork, METH_NOARGS, "after_fork(): in the child"},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "ufomem._array",
                          "The parts of ufomem in native code.",
                          -1,
                          functions,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};

} // namespace

PyMODINIT_FUNC PyInit__array()
{
    import_array();
    Ref module(PyModule_Create(&definition));
    const Ref array(make_array_type()), lease(make_lease_type());
    if (!module || !array || !lease || PyModule_AddObject(module.get(), "Base", Ref::to(array.get()).release()) != 0
        || PyModule_AddObject(module.get(), "Lease", Ref::to(lease.get()).release()) != 0)
        return nullptr;
    return module.release();
}
