// SPDX-License-Identifier: MIT
#include "call.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>
#include <string>
#include <thread>

#include <unistd.h>

namespace ufomem::python {

PyObject *make_error = nullptr;

namespace {

thread_local Call *innermost_call = nullptr;

// close() sleeps until calls have ended.  Counted, so that an end between looking and sleeping is not missed.
std::mutex ends_mutex;
std::condition_variable ends_changed;
unsigned long ends = 0;

// Sequentially consistent: who has not seen the end is seen as waiting for the GIL, and gets it before the end goes on.
std::atomic<bool> ending{false};
std::atomic<int> waiting_for_gil{0};
std::thread::id ending_thread;

void get_gil(PyThreadState *state) noexcept
{
    waiting_for_gil++;
    if (ending && std::this_thread::get_id() != ending_thread) {
        waiting_for_gil--;
        stop_this_thread();
    }
    PyEval_RestoreThread(state);
    waiting_for_gil--;
}

int32_t next_code() noexcept
{
    static std::atomic<uint32_t> last{0};
    return static_cast<int32_t>(last.fetch_add(1, std::memory_order_relaxed) % 0x7fffffff) + 1;
}

/// "ValueError: no such row", for those who meet the failed chunk later; never raises.
Ref in_words(PyObject *type, PyObject *value) noexcept
{
    const char *name = PyType_Check(type) ? reinterpret_cast<PyTypeObject *>(type)->tp_name : "an exception";
    Ref words(value != nullptr ? PyUnicode_FromFormat("%s: %S", name, value) : PyUnicode_FromString(name));
    if (!words) {
        PyErr_Clear();
        words = Ref(PyUnicode_FromString(name));
    }
    return words;
}

/// The words are for later only: without memory for them, the later failure has to do without.
void remember(Array *array, int32_t code, const Raised &raised) noexcept
{
    constexpr Py_ssize_t most = 256;
    if (array->failures == nullptr)
        array->failures = PyDict_New();
    else if (PyDict_GET_SIZE(array->failures) >= most)
        PyDict_Clear(array->failures);
    const Ref key(PyLong_FromLong(code));
    const Ref words = in_words(raised.type, raised.value);
    if (array->failures == nullptr || !key || !words || PyDict_SetItem(array->failures, key.get(), words.get()) != 0)
        PyErr_Clear();
}

void drop(Raised &raised) noexcept
{
    Py_CLEAR(raised.type);
    Py_CLEAR(raised.value);
    Py_CLEAR(raised.traceback);
}

void restore(Raised &raised) noexcept
{
    PyErr_Restore(raised.type, raised.value, raised.traceback);
    raised = {};
}

} // namespace

void raise_status(ufo_status status, const char *sentence) noexcept
{
    if (make_error == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, sentence);
        return;
    }
    const Ref error(PyObject_CallFunction(make_error, "is", static_cast<int>(status), sentence));
    if (error)
        PyErr_SetObject(reinterpret_cast<PyObject *>(Py_TYPE(error.get())), error.get());
}

unsigned long ended_calls() noexcept
{
    const std::lock_guard lock(ends_mutex);
    return ends;
}

void wait_for_end_of_calls(unsigned long ended) noexcept
{
    PyThreadState *const state = PyEval_SaveThread();
    {
        std::unique_lock lock(ends_mutex);
        ends_changed.wait(lock, [ended] { return ends != ended; });
    }
    get_gil(state);
}

void stop_other_threads() noexcept
{
    ending_thread = std::this_thread::get_id();
    ending = true;
    PyThreadState *const state = PyEval_SaveThread();
    while (waiting_for_gil != 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    PyEval_RestoreThread(state);
}

bool other_threads_are_stopped() noexcept { return ending; }

void stop_this_thread() noexcept
{
    for (;;)
        pause();
}

Call *Call::innermost() noexcept { return innermost_call; }

Call::Call(Array *array) noexcept : array_(array), outer_(innermost_call)
{
    array_->calls++;
    innermost_call = this;
    release_gil();
}

Call::~Call()
{
    if (inside_) {
        take_gil();
        leave();
    }
    forget();
}

void Call::take_gil() noexcept { get_gil(state_); }

void Call::forget() noexcept
{
    for (Raised &raised : raised_)
        drop(raised);
    raised_.clear();
    drop(interrupt_);
}

void Call::leave() noexcept
{
    inside_ = false;
    innermost_call = outer_;
    array_->calls--;
    if (!array_->closed || array_->forked || array_->calls != 0)
        return;
    free_if_unused(array_);
    {
        const std::lock_guard lock(ends_mutex);
        ends++;
    }
    ends_changed.notify_all();
}

bool Call::finish(ufo_status status) noexcept
{
    take_gil();
    if (interrupt_.type != nullptr)
        restore(interrupt_);
    else if (status != UFO_OK)
        raise(status);
    const bool well = PyErr_Occurred() == nullptr;
    leave();
    return well;
}

void Call::finish_unraisable(ufo_status status) noexcept
{
    if (!finish(status))
        PyErr_WriteUnraisable(reinterpret_cast<PyObject *>(array_));
    for (Raised &raised : raised_) { // e.g. from ufo_free(), which has no status
        restore(raised);
        PyErr_WriteUnraisable(reinterpret_cast<PyObject *>(array_));
    }
    raised_.clear();
}

void Call::raise(ufo_status status) noexcept
{
    const char *const sentence = ufo_last_error();
    if (status != UFO_ERR_POPULATE && status != UFO_ERR_WRITEBACK) {
        raise_status(status, sentence);
        return;
    }
    const int32_t code = ufo_last_callback_code();
    for (Raised &raised : raised_)
        if (raised.code == code && raised.type != nullptr) {
            restore(raised);
            return;
        }
    // An earlier call has met it first.
    PyObject *words = nullptr;
    if (array_->failures != nullptr) {
        const Ref key(PyLong_FromLong(code));
        words = key ? PyDict_GetItemWithError(array_->failures, key.get()) : nullptr;
    }
    const char *const earlier = words != nullptr ? PyUnicode_AsUTF8(words) : nullptr;
    PyErr_Clear();
    if (earlier == nullptr) {
        raise_status(status, sentence);
        return;
    }
    try {
        raise_status(status, (std::string(sentence) + "  (The callback raised " + earlier + ".)").c_str());
    } catch (const std::bad_alloc &) {
        PyErr_NoMemory();
    }
}

bool Call::go_on() noexcept
{
    if (interrupt_.type != nullptr)
        return false;
    take_gil();
    if (PyErr_CheckSignals() != 0)
        PyErr_Fetch(&interrupt_.type, &interrupt_.value, &interrupt_.traceback);
    release_gil();
    return interrupt_.type == nullptr;
}

int32_t Call::keep_exception(Array *array) noexcept
{
    Raised raised;
    raised.code = next_code();
    PyErr_Fetch(&raised.type, &raised.value, &raised.traceback);
    PyErr_NormalizeException(&raised.type, &raised.value, &raised.traceback);
    if (raised.traceback != nullptr)
        PyException_SetTraceback(raised.value, raised.traceback);
    remember(array, raised.code, raised);
    try {
        raised_.push_back(raised);
    } catch (const std::bad_alloc &) {
        drop(raised);
    }
    return raised.code;
}

bool Call::postpone_interrupt() noexcept
{
    if (interrupt_.type != nullptr || !PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
        return false;
    PyErr_Fetch(&interrupt_.type, &interrupt_.value, &interrupt_.traceback);
    return true;
}

} // namespace ufomem::python
