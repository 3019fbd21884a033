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

bool ask(Array *array, Py_ssize_t first, Py_ssize_t count, void *out) noexcept
{
    const Ref populate = Ref::to(array->populate); // which may close its own array
    const Ref result(PyObject_CallFunction(populate.get(), "nn", first, count));
    return result && ufomem::python::store_populated(array, result.get(), first, count, out);
}

bool give(Array *array, Py_ssize_t first, Py_ssize_t count, const void *data) noexcept
{
    const Ref writeback = Ref::to(array->writeback);
    const npy_intp dims = count;
    const Ref values(ufomem::python::new_ndarray(array, 1, &dims, false));
    if (!values)
        return false;
    std::memcpy(PyArray_DATA(values.array()), data, static_cast<size_t>(count * array->itemsize));
    return static_cast<bool>(Ref(PyObject_CallFunction(writeback.get(), "nO", first, values.get())));
}

} // namespace

// The elements are copied from what Python owns, not written by Python in place: whoever keeps the ndarray beyond the callback (a traceback does)
// must not hold on to memory of the library.

int32_t ufomem_python_populate(void *user_data, size_t first, size_t count, void *out)
{
    Call *const call = Call::innermost();
    if (call == nullptr)
        return outside_of_a_call;
    auto *const array = static_cast<Array *>(user_data);
    const WithGil gil(*call);
    const auto begin = static_cast<Py_ssize_t>(first), length = static_cast<Py_ssize_t>(count);
    if (ask(array, begin, length, out))
        return 0;
    // An interrupt says nothing about the source, whose failures are remembered: ask again, and interrupt after the call.
    if (call->postpone_interrupt() && ask(array, begin, length, out))
        return 0;
    return call->keep_exception(array);
}

int32_t ufomem_python_writeback(void *user_data, size_t first, size_t count, const void *data)
{
    Call *const call = Call::innermost();
    if (call == nullptr)
        return outside_of_a_call;
    auto *const array = static_cast<Array *>(user_data);
    const WithGil gil(*call);
    const auto begin = static_cast<Py_ssize_t>(first), length = static_cast<Py_ssize_t>(count);
    if (give(array, begin, length, data))
        return 0;
    if (call->postpone_interrupt() && give(array, begin, length, data))
        return 0;
    return call->keep_exception(array);
}
