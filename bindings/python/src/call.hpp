// SPDX-License-Identifier: MIT
// A call into the library.
//
// The GIL is released from the constructor to finish(): the library may wait there, for input, for memory, or for another thread that runs a
// Python callback and needs the GIL for it.  Callbacks (callbacks.cpp) take the GIL of the call that they run under, and leave
// their exceptions with it: nothing is raised across the library's frames.
#pragma once

#include "array.hpp"

#include <vector>

namespace ufomem::python {

/// An exception that a callback raised, out of Python's hands.
struct Raised {
    int32_t code = 0; // what the callback returned to the library for it
    PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
};

class Call {
  public:
    /// With the GIL, which is released.  The caller holds a reference to the array.
    explicit Call(Array *array) noexcept;
    Call(const Call &) = delete;
    Call &operator=(const Call &) = delete;
    ~Call();

    /// Takes the GIL again.  False, with an exception, if the status is a failure, or if the user has interrupted.
    bool finish(ufo_status status) noexcept;
    /// finish(), for a place that cannot raise: exceptions go to sys.unraisablehook.
    void finish_unraisable(ufo_status status) noexcept;

    /// Between two pieces of long work: lets Python handle signals.  False if one of them raised; then finish() does.
    bool go_on() noexcept;

    /// The call that this thread is in, or nullptr.
    static Call *innermost() noexcept;

    // For callbacks.
    void take_gil() noexcept;
    void release_gil() noexcept { state_ = PyEval_SaveThread(); }
    /// Keeps the exception that is set; returns the code to give to the library.
    int32_t keep_exception(Array *array) noexcept;
    /// If a KeyboardInterrupt is set, and is the first one: keeps it until finish().
    bool postpone_interrupt() noexcept;

  private:
    void raise(ufo_status status) noexcept;
    void leave() noexcept;
    void forget() noexcept;

    Array *array_;
    Call *outer_;
    PyThreadState *state_ = nullptr;
    bool inside_ = true;
    std::vector<Raised> raised_;
    Raised interrupt_;
};

/// Raises ufomem.Error, or the class of it that stands for the status, with the library's sentence.
void raise_status(ufo_status status, const char *sentence) noexcept;
/// For the module: the function (status, sentence) -> exception.
extern PyObject *make_error;

/// For the end of the process, with the GIL: daemon threads that come back from the library from now on stop there.  Otherwise Python would end them by
/// pthread_exit(), which unwinds through the library's frames.
void stop_other_threads() noexcept;
bool other_threads_are_stopped() noexcept;
/// Never returns.
[[noreturn]] void stop_this_thread() noexcept;

/// Waits, without the GIL, until a call of any array has ended.  `ended` is what ended_calls() said before.
void wait_for_end_of_calls(unsigned long ended) noexcept;
unsigned long ended_calls() noexcept;

} // namespace ufomem::python
