// SPDX-License-Identifier: MIT
#include "callbacks.hpp"

#include "call.hpp"
#include "convert.hpp"

#include <cstring>

using ufomem::python::Array;
using ufomem::python::Call;
using ufomem::python::Ref;

namespace {

constexpr int32_t outside_of_a_call = -1;

/// The GIL, inside of a callback.
class WithGil {
  public:
    explicit WithGil(Call &call) noexcept : call_(call) { call_.take_gil(); }
    ~WithGil() { call_.release_gil(); }
    WithGil(const WithGil &) = delete;
    WithGil &operator=(const WithGil &) = delete;

  private:
    Call &call_;
};

/// function(first, argument), its result.
Ref call_function(PyObject *function, Py_ssize_t first, PyObject *argument)
{
    const Ref kept = Ref::to(function); // it may close its own array
    const Ref begin(PyLong_FromSsize_t(first));
    if (!begin || argument == nullptr)
        return Ref();
    try {
        return Ref(PyObject_CallFunctionObjArgs(kept.get(), begin.get(), argument, nullptr));
    } catch (
        ...) { // Python throws nothing: it ends daemon threads by pthread_exit() when the process ends.  Without the GIL, so nothing may be undone
        ufomem::python::stop_this_thread();
    }
}

bool ask(Array *array, Py_ssize_t first, Py_ssize_t count, void *out)
{
    const Ref length(PyLong_FromSsize_t(count));
    const Ref result = call_function(array->populate, first, length.get());
    return result && ufomem::python::store_populated(array, result.get(), first, count, out);
}

bool give(Array *array, Py_ssize_t first, Py_ssize_t count, const void *data)
{
    const npy_intp dims = count;
    const Ref values(ufomem::python::new_ndarray(array, 1, &dims, false));
    if (!values)
        return false;
    std::memcpy(PyArray_DATA(values.array()), data, static_cast<size_t>(count * array->itemsize));
    return static_cast<bool>(call_function(array->writeback, first, values.get()));
}

/// Returns what the library is to be told of callback(array), which is false when Python has raised.
template <class Callback> int32_t with_gil(void *user_data, Callback callback)
{
    Call *const call = Call::innermost();
    if (call == nullptr)
        return outside_of_a_call;
    auto *const array = static_cast<Array *>(user_data);
    const WithGil gil(*call);
    // An interrupt says nothing about the source, whose failures are remembered: once more, and interrupt after the call.
    if (callback(array) || (call->postpone_interrupt() && callback(array)))
        return 0;
    return call->keep_exception(array);
}

} // namespace

// The elements are copied from what Python owns, not written by Python in place: whoever keeps the ndarray beyond the callback (a traceback does)
// must not hold on to memory of the library.

int32_t ufomem_python_populate(void *user_data, size_t first, size_t count, void *out)
{
    return with_gil(user_data, [&](Array *array) {
        return ask(array, static_cast<Py_ssize_t>(first), static_cast<Py_ssize_t>(count), out);
    });
}

int32_t ufomem_python_writeback(void *user_data, size_t first, size_t count, const void *data)
{
    return with_gil(user_data, [&](Array *array) {
        return give(array, static_cast<Py_ssize_t>(first), static_cast<Py_ssize_t>(count), data);
    });
}
