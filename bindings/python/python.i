// SPDX-License-Identifier: MIT
// What Python needs for the flat layer, ufomem.flat: the C interface as it is.  Handles are opaque objects, addresses are integers (of data, of
// C functions as callbacks), buffers are anything with the buffer protocol.  Every call releases the GIL (-threads).
//
// Callbacks are C functions here, never Python functions: those are what ufomem.Array is for.

%{
#include <limits.h>

/* An address: None, an integer, or what int() takes (a SWIG handle). */
static int ufomem_address(PyObject *object, void **address)
{
    if (object == Py_None) {
        *address = NULL;
        return 1;
    }
    PyObject *number = PyNumber_Long(object);
    if (number == NULL)
        return 0;
    *address = PyLong_AsVoidPtr(number);
    Py_DECREF(number);
    return !PyErr_Occurred();
}
%}

// Addresses, in and out.
%typemap(in) void *user_data, void *address, const void *address, ufo_populate_fn, ufo_writeback_fn, ufo_log_fn, ufo_free_fn {
    void *value;
    if (!ufomem_address($input, &value))
        SWIG_fail;
    $1 = ($1_ltype)value;
}
%typemap(typecheck, precedence=SWIG_TYPECHECK_POINTER) void *user_data, void *address, const void *address, ufo_populate_fn,
    ufo_writeback_fn, ufo_log_fn, ufo_free_fn "$1 = PyLong_Check($input) || $input == Py_None;"
%typemap(out) void * "$result = PyLong_FromVoidPtr($1);"

// ufo_read() and ufo_write(): a buffer that is large enough for the elements.
%typemap(in) void *out (Py_buffer view, int held = 0) {
    if (PyObject_GetBuffer($input, &view, PyBUF_CONTIG) != 0)
        SWIG_fail;
    held = 1;
    $1 = view.buf;
}
%typemap(in) const void *in (Py_buffer view, int held = 0) {
    if (PyObject_GetBuffer($input, &view, PyBUF_CONTIG_RO) != 0)
        SWIG_fail;
    held = 1;
    $1 = view.buf;
}
%typemap(check) void *out, const void *in {
    const size_t element = ufo_element_size(arg1);
    if (element != 0 && (size_t)view$argnum.len / element < arg3) {
        PyErr_SetString(PyExc_ValueError, "the buffer is too small for the elements");
        SWIG_fail;
    }
}
%typemap(freearg) void *out, const void *in {
    if (held$argnum)
        PyBuffer_Release(&view$argnum);
}

// Structs that tell their size.
%extend ufo_stats {
    ufo_stats()
    {
        ufo_stats *stats = (ufo_stats *)calloc(1, sizeof(ufo_stats));
        if (stats != NULL)
            stats->struct_size = sizeof(ufo_stats);
        return stats;
    }
    ~ufo_stats() { free($self); }
}
%extend ufo_core_stats {
    ufo_core_stats()
    {
        ufo_core_stats *stats = (ufo_core_stats *)calloc(1, sizeof(ufo_core_stats));
        if (stats != NULL)
            stats->struct_size = sizeof(ufo_core_stats);
        return stats;
    }
    ~ufo_core_stats() { free($self); }
}
%extend ufo_server_stats {
    ufo_server_stats()
    {
        ufo_server_stats *stats = (ufo_server_stats *)calloc(1, sizeof(ufo_server_stats));
        if (stats != NULL)
            stats->struct_size = sizeof(ufo_server_stats);
        return stats;
    }
    ~ufo_server_stats() { free($self); }
}

// Words in memory are nothing that Python could use.
%ignore ufo_residency;
%ignore ufo_residency_open;
%ignore ufo_residency_wake;
%ignore ufo_residency_close;
